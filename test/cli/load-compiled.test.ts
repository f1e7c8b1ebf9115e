import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCompiled } from '../../src/cli/load-compiled.ts';

interface Sample {
  answer(): number;
  here(): string;
  agent(): unknown;
}

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-compiled-'));
  file = join(directory, 'sample.cjs');
  writeFileSync(
    file,
    `(function (exports, require, module, __filename, __dirname) {
      const http = require('node:http');
      exports.answer = () => 42;
      exports.here = () => __filename;
      exports.agent = () => new http.Agent() instanceof require('http').Agent;
    })`,
  );
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const load = () => loadCompiled<Sample>(pathToFileURL(file));

function kept(): string[] {
  return readdirSync(directory)
    .filter((name) => name !== 'sample.cjs')
    .map((name) => join(directory, name));
}

test('nothing is kept until somebody asks for it, and then once', () => {
  const first = load();
  expect(first.exports.answer()).toBe(42);
  expect(kept()).toEqual([]);
  first.keepCompiled();
  const [path = ''] = kept();
  expect(path).toContain(process.versions.v8);
  expect(statSync(path).mode & 0o777 & 0o022).toBe(0);
  const { ino } = statSync(path);
  const second = load();
  expect(second.exports.answer()).toBe(42);
  second.keepCompiled();
  expect([kept(), statSync(path).ino]).toEqual([[path], ino]);
});

test('more is kept by a process that uses more of Node, and not less by those after it', () => {
  load().keepCompiled();
  const [path = ''] = kept();
  const inode = () => statSync(path).ino;
  const first = inode();
  const second = load();
  second.exports.agent();
  second.keepCompiled();
  const broader = inode();
  expect(broader).not.toBe(first);
  const third = load();
  third.exports.agent();
  third.keepCompiled();
  load().keepCompiled();
  expect(inode()).toBe(broader);
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
  ['empty', () => Buffer.alloc(0)],
  [
    'with a flipped bit',
    (bytes: Buffer) => bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)),
  ],
])('what was kept and is %s is not used, and is made again', (_, damage) => {
  load().keepCompiled();
  const [path = ''] = kept();
  const damaged = damage(readFileSync(path));
  writeFileSync(path, damaged);
  const { exports, keepCompiled } = load();
  expect(exports.answer()).toBe(42);
  keepCompiled();
  const bytes = readFileSync(path);
  expect(bytes.equals(damaged)).toBe(false);
  const digest = createHash('sha256').update(bytes.subarray(32)).digest();
  expect(bytes.subarray(0, 32).equals(digest)).toBe(true);
});

test('where nothing can be kept, nothing happens', () => {
  const program = load();
  rmSync(directory, { recursive: true });
  program.keepCompiled();
  expect(program.exports.answer()).toBe(42);
});

test('the file sees itself, and modules of Node as they are', () => {
  const { exports } = load();
  expect(exports.here()).toBe(file);
  expect(exports.agent()).toBe(true);
});
