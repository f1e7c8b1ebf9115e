// Bundles src into dist: a small entry that starts fast, and chunks that are loaded when they are needed.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const project = fileURLToPath(new URL('..', import.meta.url));
const dist = join(project, 'dist');
const { version } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));

// A worker thread starts from a file of its own. All outputs lie side by side, so that
// `new URL('./x-worker.js', import.meta.url)` finds it from whatever chunk its user ended in.
const sources = await readdir(join(project, 'src'), { recursive: true });
const workers = sources.filter((path) => path.endsWith('-worker.ts')).map((path) => `src/${path}`);
const library = ['src/index.ts'].filter((path) => existsSync(join(project, path)));

const { outputFiles } = await build({
  absWorkingDir: project,
  entryPoints: ['src/cli/strata.ts', ...library, ...workers].sort(),
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  write: false,
  platform: 'node',
  format: 'esm',
  target: 'node20.10',
  // These two hold machine code and find it beside themselves.
  external: ['koffi', 'zlib-sync'],
  define: { STRATA_VERSION: JSON.stringify(version) },
  // Packages in CommonJS form ask for Node's own modules by `require`, which ES modules lack.
  banner: {
    js: "import { createRequire as strataRequire } from 'node:module'; const require = strataRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

// Whoever runs strata meanwhile finds every file whole, old or new.
await mkdir(dist, { recursive: true });
for (const { path, contents } of outputFiles) {
  if (existsSync(path) && contents.length > 0 && (await readFile(path)).equals(contents)) continue;
  const aside = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(aside, contents);
  await rename(aside, path);
}
const current = new Set(outputFiles.map(({ path }) => basename(path)));
for (const name of await readdir(dist)) {
  if (!current.has(name) && name.endsWith('.js')) await rm(join(dist, name), { force: true });
}
