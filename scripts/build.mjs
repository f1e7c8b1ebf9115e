// Bundles src into dist: a small entry that starts at once, the program in one file, and files of their own for worker
// threads and for what few commands need. Then V8's compiled code of the program is put beside it.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const project = fileURLToPath(new URL('..', import.meta.url));
const dist = join(project, 'dist');
const { version } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));

// CommonJS, since Node loads that in half the time.
const common = {
  absWorkingDir: project,
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  target: 'node20.10',
  // Node does not resolve `import()` in what was compiled by way of `vm`.
  supported: { 'dynamic-import': false },
  minifyWhitespace: true,
  // Stacks are said in places of the sources (src/cli/errors/source-stack.ts).
  sourcemap: 'linked',
  sourcesContent: false,
  alias: { undici: './undici.cjs' },
  // Two hold machine code and find it beside themselves, one is as large as everything else together.
  external: ['koffi', 'zlib-sync', './undici.cjs'],
  define: { STRATA_VERSION: JSON.stringify(version), 'import.meta.url': 'importMetaURL' },
  banner: { js: 'const importMetaURL=require("node:url").pathToFileURL(__filename).href;' },
  logLevel: 'warning',
};

const program = await build({
  ...common,
  entryPoints: { program: 'src/cli/main.ts' },
  // What was compiled of it is known by its name (src/cli/load-compiled.ts).
  entryNames: '[name]-[hash]',
  banner: { js: `(function(exports,require,module,__filename,__dirname){${common.banner.js}` },
  footer: { js: '})' },
});
const programName = basename(program.outputFiles.find(({ path }) => path.endsWith('.cjs')).path);

// A worker thread starts from a file of its own, which is found beside the program by its name.
const sources = await readdir(join(project, 'src'), { recursive: true });
const workers = sources.filter((path) => path.endsWith('-worker.ts')).map((path) => `src/${path}`);
const others = await Promise.all([
  build({
    ...common,
    entryPoints: ['src/cli/strata.ts'],
    define: { ...common.define, STRATA_PROGRAM: JSON.stringify(programName) },
  }),
  build({ ...common, entryPoints: workers.sort(), entryNames: '[name]' }),
  build({ ...common, entryPoints: ['undici'], alias: {}, sourcemap: false }),
  // The page of an image, which is put into every page whole (src/cli/page/render-page.ts).
  build({
    absWorkingDir: project,
    entryPoints: ['main.ts', 'page.css'].map((name) => ({
      in: `src/cli/page/browser/${name}`,
      out: 'image-page',
    })),
    outdir: 'dist',
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
  }),
]);

// Whoever runs strata meanwhile finds every file whole, old or new.
await mkdir(dist, { recursive: true });
const outputs = [program, ...others].flatMap(({ outputFiles }) => outputFiles);
for (const { path, contents } of outputs) {
  if (existsSync(path) && contents.length > 0 && (await readFile(path)).equals(contents)) continue;
  const aside = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(aside, contents);
  await rename(aside, path);
}
const current = outputs.map(({ path }) => basename(path));
for (const name of await readdir(dist)) {
  const isCompiled = name.startsWith(`${programName}.`);
  if (!current.includes(name) && !isCompiled && /\.c?js\b/.test(name))
    await rm(join(dist, name), { force: true });
}

// A build keeps what was compiled for it; this one looks at most of the language and runs nothing.
const dockerfile = `# syntax=docker/dockerfile:1
ARG VERSION=1
FROM scratch AS unused
ARG VERSION
ENV A=b
WORKDIR /work
COPY --chown=1:2 Dockerfile .
RUN --mount=type=cache,target=/cache echo "$VERSION" && \\
    true
FROM scratch
ARG VERSION
LABEL version=$VERSION
COPY Dockerfile /
USER 1:1
EXPOSE 80
ENTRYPOINT ["/Dockerfile"]
CMD ["a", "b"]
`;
const directory = await mkdtemp(join(tmpdir(), 'strata-build-'));
try {
  await writeFile(join(directory, 'Dockerfile'), dockerfile);
  const args = ['build', '--root', join(directory, 'root'), '--progress', 'plain', '-t', 'warm'];
  const output = `type=oci,dest=${join(directory, 'image.tar')}`;
  execFileSync(process.execPath, [join(project, 'bin/strata'), ...args, '--output', output, directory], {
    stdio: 'pipe',
  });
} catch (error) {
  console.error(`strata will start slowly, nothing is kept compiled: ${error.stderr ?? error}`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
