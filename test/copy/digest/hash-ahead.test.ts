/** Many files that no index knows: a thread hashes the first ones. */
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDigestIndex } from '../../../src/context/digest-index.ts';
import { openFolder } from '../../../src/context/folder.ts';
import type { FileTree } from '../../../src/core/file-tree.ts';
import { runOk } from '../../support/process.ts';
import { selectAndDigest } from '../digest-of.ts';

const fileBytes = 4 << 20;
const names = Array.from({ length: 30 }, (_, index) => `d${index % 3}/f${index}`);
const [first, last] = ['d0/f0', 'd2/f8'];

let scratch: string;
let context: string;
let before: number;

/** What keeps this process alive and has to do with threads. */
const held = () =>
  process.getActiveResourcesInfo().filter((name) => ['MessagePort', 'Worker'].includes(name)).length;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'strata-ahead-'));
  context = join(scratch, 'context');
  for (const name of ['d0', 'd1', 'd2']) mkdirSync(join(context, name), { recursive: true });
  for (const name of names) {
    writeFileSync(join(context, name), name);
    truncateSync(join(context, name), fileBytes);
  }
  before = held();
});
afterEach(() => rmSync(scratch, { recursive: true }));

const request = { sources: ['.'], keepsParents: false, excludes: [], heredocs: [] };
/** The paths that this thread opens go to `opened`. */
const noting = (tree: FileTree, opened: string[]): FileTree => ({
  ...tree,
  open(path) {
    opened.push(path);
    return tree.open(path);
  },
});

test('each file is hashed once, here or there, to the same digest', async () => {
  const folder = openFolder(context, { uidGid: 'keep' });
  const opened: string[] = [];
  const ahead = await selectAndDigest(noting(folder, opened), request);
  expect(ahead.filesHashed).toBe(names.length);
  expect(opened).toEqual(names.toSorted().toReversed().slice(0, opened.length));
  expect(opened.length).toBeLessThan(names.length);

  const { directory: _, ...elsewhere } = folder;
  expect(await selectAndDigest(elsewhere, request)).toEqual(ahead);
});

test.each<[string, boolean]>([
  ['that come from the disk are waited for by several threads', true],
  ['that are in memory are left to one', false],
])('files %s, to the same digest', async (_title, isEvicted) => {
  for (const [index, name] of names.entries()) {
    const path = join(context, name);
    writeFileSync(path, Buffer.alloc(fileBytes, `${index} `));
    if (isEvicted) await runOk('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0']);
  }
  const folder = openFolder(context, { uidGid: 'keep' });
  const { fsRead } = process.resourceUsage();
  const threads: number[] = [];
  const watched: FileTree = {
    ...folder,
    open(path) {
      threads.push(held() - before);
      return folder.open(path);
    },
  };
  const ahead = await selectAndDigest(watched, request);
  // A filesystem in memory gives nothing away.
  const isFromDisk = process.resourceUsage().fsRead - fsRead > 1 << 12;
  expect(Math.max(...threads)).toBe(isFromDisk ? 4 : 1);
  expect(isFromDisk && !isEvicted).toBe(false);
  expect(ahead.filesHashed).toBe(names.length);
  const { directory: _, ...elsewhere } = folder;
  expect(await selectAndDigest(elsewhere, request)).toEqual(ahead);
  expect(held()).toBe(before);
});

test('an index learns of all of them', async () => {
  const later = Date.now() + 60_000;
  const digests = openDigestIndex(join(scratch, 'index'), later);
  const tree = openFolder(context, { uidGid: 'keep', digests });
  const first = await selectAndDigest(tree, request);
  const second = await selectAndDigest(tree, request);
  expect(second).toEqual({ ...first, filesHashed: 0 });
});

const grown = (name: string) => ({
  code: 'source-changed',
  message: `"/${name}" changed while the build was reading it`,
});
const grow = (name: string) => () => truncateSync(join(context, name), fileBytes + 1);
const failures: [title: string, change: () => void, error: object][] = [
  ['one that grew, among the first', grow(first), grown(first)],
  ['one that grew, among the last', grow(last), grown(last)],
  [
    'a directory that a symlink replaced, in the middle',
    () => {
      renameSync(join(context, 'd1'), join(scratch, 'elsewhere'));
      symlinkSync(join(scratch, 'elsewhere'), join(context, 'd1'));
    },
    { code: 'context-unreadable', message: expect.stringContaining('ENOTDIR') },
  ],
  [
    'one that is gone, among the first',
    () => rmSync(join(context, first)),
    { code: 'context-unreadable', message: expect.stringContaining(first) },
  ],
];
test.each(failures)('%s', async (_, change, error) => {
  const tree = openFolder(context, { uidGid: 'keep' });
  await expect(selectAndDigest(tree, request, change)).rejects.toMatchObject(error);
  expect(held()).toBe(before);
});

test('what was cancelled holds nothing', async () => {
  const stopped = new AbortController();
  const folder = openFolder(context, { uidGid: 'keep' });
  const tree: FileTree = {
    ...folder,
    open(path) {
      // By now the thread is at work.
      if (path === 'd2/f5') stopped.abort();
      return folder.open(path);
    },
  };
  const run = selectAndDigest(tree, request, undefined, stopped.signal);
  await expect(run).rejects.toMatchObject({ code: 'canceled' });
  expect(held()).toBe(before);
});
