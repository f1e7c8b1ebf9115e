/** What starting the program costs is counted here: files and modules that are loaded, never seconds. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const project = fileURLToPath(new URL('../..', import.meta.url));
const strata = join(project, 'bin/strata');
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-startup-'));
  mkdirSync(join(directory, 'context/files'), { recursive: true });
  writeFileSync(join(directory, 'context/Dockerfile'), 'FROM scratch\nCOPY files /files\nCMD ["/files/a"]\n');
  writeFileSync(join(directory, 'context/files/a'), 'a\n');
  // Says at the end which of Node's modules and which files were loaded.
  writeFileSync(
    join(directory, 'report.cjs'),
    `const before = new Set(process.moduleLoadList);
    process.on('exit', () => {
      const builtins = process.moduleLoadList.filter((name) => !before.has(name));
      const files = Object.keys(require.cache).filter((path) => path !== __filename);
      require('fs').writeFileSync(process.env.LOADED, JSON.stringify({ builtins, files }));
    });`,
  );
});

afterAll(() => rmSync(directory, { recursive: true }));

interface Loaded {
  /** Without the prefix that tells JavaScript from machine code. */
  readonly builtins: readonly string[];
  /** Relative to the project, the name of the bundle without its digest. */
  readonly files: readonly string[];
}

function load(args: readonly string[]): Loaded {
  const report = join(directory, 'report.cjs');
  const loaded = join(directory, 'loaded.json');
  const { status } = spawnSync(process.execPath, ['--require', report, strata, ...args], {
    // Pipes would need the network's modules.
    stdio: 'ignore',
    env: { ...process.env, LOADED: loaded },
  });
  expect(status).toBe(0);
  const { builtins, files } = JSON.parse(readFileSync(loaded, 'utf8')) as Loaded;
  return {
    builtins: builtins.map((name) => name.replace(/^(NativeModule|Internal Binding) /, '')),
    files: files.map((path) => relative(project, path)).sort(),
  };
}

function build(): Loaded {
  const output = `type=oci,dest=${join(directory, 'image.tar')}`;
  const root = join(directory, 'root');
  return load([
    'build',
    '--root',
    root,
    '--progress',
    'plain',
    '--output',
    output,
    join(directory, 'context'),
  ]);
}

test('--version loads the entry and nothing of Node', () => {
  const { builtins, files } = load(['--version']);
  expect(files).toEqual(['bin/strata', 'dist/strata.cjs']);
  expect(builtins).toEqual([]);
});

test('a build that is answered from the cache loads nothing that runs, fetches or compresses', () => {
  build();
  const { builtins, files } = build();
  expect(files.filter((path) => !path.endsWith('koffi.node'))).toEqual(['bin/strata', 'dist/strata.cjs']);
  const unwanted = ['child_process', 'http', 'net', 'tls', 'worker_threads', 'zlib'];
  expect(builtins.filter((name) => unwanted.includes(name))).toEqual([]);
});

test('a check loads nothing that runs, fetches or compresses', () => {
  const { builtins, files } = load(['check', join(directory, 'context')]);
  expect(files).toEqual(['bin/strata', 'dist/strata.cjs']);
  const unwanted = ['child_process', 'http', 'net', 'tls', 'worker_threads', 'zlib'];
  expect(builtins.filter((name) => unwanted.includes(name))).toEqual([]);
});

test('the program finds itself through a symlink', () => {
  const link = join(directory, 'strata');
  symlinkSync(strata, link);
  const { status, stdout } = spawnSync(link, ['--help'], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, expect.stringContaining('strata build')]);
});

test('stacks are told in places of the sources', () => {
  const args = ['--debug', 'build', '--root', join(directory, 'root'), join(directory, 'missing')];
  const { stderr } = spawnSync(strata, args, { encoding: 'utf8' });
  expect(stderr).toMatch(/ at openContext \(src\/context\/open-context\.ts:\d+:\d+\)\n/);
  expect(stderr).not.toContain('dist/');
});
