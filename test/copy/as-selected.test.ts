import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDigestIndex } from '../../src/context/digest-index.ts';
import { openFolder } from '../../src/context/folder.ts';
import { asSelected } from '../../src/copy/as-selected.ts';
import { selectFiles } from '../../src/copy/select/select.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { digestOf } from './digest-of.ts';

let scratch: string;
let context: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'strata-selected-'));
  context = join(scratch, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'file'), 'one');
  symlinkSync('file', join(context, 'link'));
  // A number of nanoseconds that is no whole number of microseconds, before 1970 and far from now.
  execFileSync('touch', ['-d', '1961-02-03 04:05:06.123456789', join(context, 'file')]);
});
afterEach(() => rmSync(scratch, { recursive: true }));

const request = { sources: ['.'], keepsParents: false, excludes: [], heredocs: [] };

/** The tree that a copy reads from; `isKnown` when the files are old enough for their digests to be remembered. */
async function selectedTree(isKnown: boolean): Promise<FileTree> {
  const startedAt = isKnown ? Date.now() + 60_000 : 0;
  const digests = openDigestIndex(join(scratch, 'index'), startedAt);
  const selection = await selectFiles(openFolder(context, { uidGid: 'root', digests }), request);
  await digestOf(selection);
  const [source] = asSelected(selection).sources;
  if (source === undefined) throw new Error('a selection has a source');
  return source.tree;
}

const at = (name: string) => join(context, name);
const read = (tree: FileTree) => {
  const fd = tree.open('file');
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
};
/** How often the file is open, be it replaced since. */
const timesOpen = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(at('file'));
    } catch {
      return false;
    }
  }).length;
const refused = (path: string) =>
  expect.objectContaining({
    code: 'source-changed',
    message: `"/${path}" changed after the build had looked at it`,
  });

type Row = readonly [title: string, change: () => void, whenKnown: string, whenNew: string];
const changed = 'changed';
test.each<Row>([
  ['nothing', () => {}, 'one', 'one'],
  ['content of the same length', () => writeFileSync(at('file'), 'two'), changed, changed],
  ['its length', () => writeFileSync(at('file'), 'three'), changed, changed],
  [
    'content, and the time set back',
    () => {
      writeFileSync(at('file'), 'two');
      execFileSync('touch', ['-d', '1961-02-03 04:05:06.123456789', at('file')]);
    },
    changed,
    changed,
  ],
  [
    'another file in its place',
    () => {
      writeFileSync(at('new'), 'two');
      renameSync(at('new'), at('file'));
    },
    changed,
    changed,
  ],
  // Of what was changed shortly before the build nothing is remembered.
  ['its time', () => utimesSync(at('file'), 5, 5), 'one', changed],
  ['its mode', () => chmodSync(at('file'), 0o600), 'one', changed],
  ['a further name', () => linkSync(at('file'), at('other')), 'one', changed],
])('a file is read as it was selected: %s', async (_title, change, whenKnown, whenNew) => {
  for (const [isKnown, want] of [
    [true, whenKnown],
    [false, whenNew],
  ] as const) {
    writeFileSync(at('file'), 'one');
    execFileSync('touch', ['-d', '1961-02-03 04:05:06.123456789', at('file')]);
    rmSync(at('other'), { force: true });
    const tree = await selectedTree(isKnown);
    change();
    if (want === changed) expect(() => read(tree)).toThrow(refused('file'));
    else expect(read(tree)).toBe(want);
    expect(timesOpen()).toBe(0);
  }
});

test('a symlink leads where it did when it was selected', async () => {
  const tree = await selectedTree(true);
  expect(tree.readlink('link')).toBe('file');
  symlinkSync('fil2', at('new'));
  renameSync(at('new'), at('link'));
  expect(() => tree.readlink('link')).toThrow(refused('link'));
});

test('files of a tree that lies in no directory of the host are read as they are', async () => {
  const { directory: _, ...tree } = openFolder(context, { uidGid: 'root' });
  const selection = await selectFiles(tree, request);
  expect(asSelected(selection).sources[0]?.tree).toBe(selection.sources[0]?.tree);
});
