import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDigestIndex } from '../../src/context/digest-index.ts';
import type { FileStat } from '../../src/core/file-tree.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-index-'));
afterAll(() => rmSync(scratch, { recursive: true }));

let count = 0;
const newFile = (): string => join(scratch, 'contexts', String(count++));

const startedAt = 1_700_000_000_000;
const old = { seconds: 1_600_000_000, nanoseconds: 7 };
const stat: FileStat = {
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 5,
  mtime: old,
  devMajor: 0,
  devMinor: 0,
  linkCount: 1,
  inode: '1:2',
  ctime: old,
};

/** What a later build is told after this one remembered `word` for `path`. */
async function recall(remembered: FileStat, asked: FileStat, path = 'p'): Promise<string | undefined> {
  const file = newFile();
  const index = openDigestIndex(file, startedAt);
  index.set(path, remembered, 'word');
  await index.save();
  return openDigestIndex(file, startedAt + 60_000).get(path, asked);
}

describe('what is believed', () => {
  const table: [title: string, asked: FileStat, want: string | undefined][] = [
    ['the same file', stat, 'word'],
    ['another owner as the tree shows it', { ...stat, uid: 3 }, 'word'],
    ['another size', { ...stat, size: 6 }, undefined],
    ['a longer size that starts alike', { ...stat, size: 50 }, undefined],
    ['another mtime', { ...stat, mtime: { ...old, nanoseconds: 8 } }, undefined],
    ['another ctime', { ...stat, ctime: { ...old, nanoseconds: 70 } }, undefined],
    ['another inode', { ...stat, inode: '1:3' }, undefined],
  ];
  for (const [title, asked, want] of table)
    it(title, async () => expect(await recall(stat, asked)).toBe(want));
});

describe('what is remembered at all', () => {
  const at = (milliseconds: number) => ({
    seconds: Math.floor(milliseconds / 1000),
    nanoseconds: (milliseconds % 1000) * 1e6,
  });
  const { ctime: _, ...noCtime } = stat;
  const table: [title: string, remembered: FileStat, want: string | undefined][] = [
    ['a file that rested', { ...stat, mtime: at(startedAt - 3500), ctime: at(startedAt - 3500) }, 'word'],
    ['not one changed just before', { ...stat, ctime: at(startedAt - 2500) }, undefined],
    ['nor while the build ran', { ...stat, ctime: at(startedAt + 10) }, undefined],
    ['nor one of the future', { ...stat, mtime: at(startedAt + 1e9) }, undefined],
    ['nor one of a tree without ctime', noCtime, undefined],
  ];
  for (const [title, remembered, want] of table) {
    it(title, async () => expect(await recall(remembered, remembered)).toBe(want));
  }

  const paths: [path: string, want: string | undefined][] = [
    ['with blanks in it', 'word'],
    ['not\xffutf8', 'word'],
    ['with a\nline end', undefined],
  ];
  for (const [path, want] of paths) {
    it(JSON.stringify(path), async () => expect(await recall(stat, stat, path)).toBe(want));
  }
});

describe('the file', () => {
  async function written(): Promise<string> {
    const file = newFile();
    const index = openDigestIndex(file, startedAt);
    for (const name of ['a', 'b', 'c']) index.set(name, stat, `word-${name}`);
    await index.save();
    return file;
  }

  it('keeps what other builds asked for', async () => {
    const file = await written();
    const index = openDigestIndex(file, startedAt);
    index.set('b', { ...stat, size: 9 }, 'other');
    await index.save();
    const again = openDigestIndex(file, startedAt);
    expect([again.get('a', stat), again.get('b', stat), again.get('b', { ...stat, size: 9 })]).toEqual([
      'word-a',
      undefined,
      'other',
    ]);
  });

  it('is not written when nothing is new', async () => {
    const file = await written();
    const before = readFileSync(file);
    writeFileSync(file, '');
    const index = openDigestIndex(file, startedAt);
    expect(index.get('a', stat)).toBeUndefined();
    await index.save();
    expect(readFileSync(file, 'utf8')).toBe('');
    expect(before.length).toBeGreaterThan(0);
  });

  const damages: [title: string, damage: (bytes: Buffer) => Buffer][] = [
    ['cut short', (b) => b.subarray(0, b.length - 4)],
    ['cut at a line end', (b) => b.subarray(0, b.lastIndexOf('\n'))],
    [
      'a flipped byte in a word',
      (b) => Buffer.from(b.toString('latin1').replace('word-a', 'word-e'), 'latin1'),
    ],
    ['another version', (b) => Buffer.from(b.toString('latin1').replace('digests 1', 'digests 2'), 'latin1')],
    ['something else', () => Buffer.from('hello')],
    ['empty', () => Buffer.alloc(0)],
  ];
  for (const [title, damage] of damages) {
    it(`${title}: nothing of it is believed, and it is replaced`, async () => {
      const file = await written();
      writeFileSync(file, damage(readFileSync(file)));
      const index = openDigestIndex(file, startedAt);
      expect(['a', 'b', 'c'].map((name) => index.get(name, stat))).toEqual([undefined, undefined, undefined]);
      index.set('a', stat, 'fresh');
      await index.save();
      expect(openDigestIndex(file, startedAt).get('a', stat)).toBe('fresh');
    });
  }
});
