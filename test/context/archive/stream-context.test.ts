import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { receiveContext } from '../../../src/context/archive/stream-context.ts';
import { openFolder } from '../../../src/context/folder.ts';
import { bytePathFromText, bytePathToFs } from '../../../src/core/byte-path.ts';
import { StrataError } from '../../../src/core/errors.ts';
import { setXattr } from '../../../src/sys/xattr.ts';
import { difference, linesOfTree, treesBelow } from '../../copy/tree-text.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-stream-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const directory = treesBelow(scratch);

function tar(from: string, ...args: string[]): Buffer {
  return execFileSync('tar', ['-C', from, '-cf', '-', ...args], { maxBuffer: 1 << 26 });
}

/** What the tree is, or the code of the error; pieces of odd sizes on the way in. */
async function receive(bytes: Buffer): Promise<string[]> {
  const pieces = [bytes.subarray(0, 7), bytes.subarray(7, 1000), bytes.subarray(1000)];
  try {
    const context = await receiveContext(Readable.from(pieces), directory(), 'standard input');
    if (context.kind === 'dockerfile') return [`Dockerfile: ${context.dockerfile.toString()}`];
    return difference(new Map(), linesOfTree(openFolder(context.directory, { uidGid: 'root' })));
  } catch (error) {
    if (error instanceof StrataError) return [`error ${error.code}`];
    throw error;
  }
}

const sample = [
  'Dockerfile 644 5:6 =FROM scratch',
  'd 2750 5:6 /',
  'd/f 4755 5:6 =f',
  'd/g == d/f',
  'd/l 777 5:6 -> f',
];
const unpacked = [
  'Dockerfile 644 0:0 =FROM scratch',
  'd 2750 0:0 /',
  'd/f 4755 0:0 =f',
  'd/g == d/f',
  'd/l 777 0:0 -> f',
];

describe('an archive', () => {
  for (const flag of ['--format=gnu', '--format=pax', '--format=v7', '-z', '-j', '-J', '--zstd']) {
    it(flag, async () => expect(await receive(tar(directory(sample), flag, '.'))).toEqual(unpacked));
  }

  it('keeps times, attributes, holes and names of any bytes', async () => {
    const from = directory(['d 755 0:0 /', 'd/f 644 0:0 =f']);
    writeFileSync(bytePathToFs(`${bytePathFromText(from)}/not\xffutf8`), 'x');
    setXattr(join(from, 'd/f'), 'user.note', Buffer.from([0, 255, 10]));
    execFileSync('truncate', ['-s', '200000', join(from, 'hole')]);
    utimesSync(join(from, 'd/f'), 1, 4_102_444_800.5);
    utimesSync(join(from, 'd'), 1, 1_000_000_000);
    const pieces = [tar(from, '--format=pax', '--xattrs', '-S', '.')];
    const context = await receiveContext(Readable.from(pieces), directory(), 'standard input');
    const tree = openFolder(context.directory, { uidGid: 'root' });
    expect(tree.list('')).toEqual(['d', 'hole', 'not\xffutf8']);
    expect(tree.lstat('d/f')?.mtime).toEqual({ seconds: 4_102_444_800, nanoseconds: 500_000_000 });
    expect(tree.lstat('d')?.mtime.seconds).toBe(1_000_000_000);
    expect(tree.lstat('hole')?.size).toBe(200_000);
    expect(statSync(join(context.directory, 'hole')).blocks).toBe(0);
    expect(tree.xattrs('d/f').map(({ name, value }) => [name, ...value])).toContainEqual([
      'user.note',
      0,
      255,
      10,
    ]);
  });

  it('a later member replaces an earlier one', async () => {
    const first = directory(['a 755 0:0 /', 'a/b 644 0:0 =old', 'f 644 0:0 =old']);
    const second = directory(['a 644 0:0 =file', 'f 755 0:0 /', 'f/x 644 0:0 =x']);
    const archive = join(directory(), 'a.tar');
    execFileSync('tar', ['-C', first, '-cf', archive, 'a', 'f']);
    execFileSync('tar', ['-C', second, '-rf', archive, 'a', 'f']);
    expect(await receive(readFileSync(archive))).toEqual([
      'a 644 0:0 =file',
      'f 755 0:0 /',
      'f/x 644 0:0 =x',
    ]);
  });

  it('without members is an empty context', async () => {
    expect(await receive(Buffer.alloc(10_240))).toEqual([]);
  });

  it('never leads out of the directory', async () => {
    const outside = directory();
    const from = directory(['f 644 0:0 =f']);
    symlinkSync(outside, join(from, 'l'));
    // Absolute link and a member through it: inside, the link means a directory of the same name.
    const lines = await receive(tar(from, '-P', '--transform=s,^f$,l/f,S', 'l', 'f'));
    expect(readdirSync(outside)).toEqual([]);
    expect(lines.at(-1)).toBe(`${outside.slice(1)}/f 644 0:0 =f`);
    expect(await receive(tar(from, '-P', '--transform=s,^f$,../f,', 'f'))).toEqual(['error archive-escape']);
    const links = directory(['a 644 0:0 =a', 'b == a']);
    expect(await receive(tar(links, '-P', '--transform=s,^a$,../../etc/passwd,H', 'a', 'b'))).toEqual([
      'error archive-escape',
    ]);
    expect(await receive(tar(links, '-P', '--transform=s,^a$,none,H', 'a', 'b'))).toEqual([
      'error archive-link',
    ]);
  });

  it('cut short', async () => {
    const bytes = tar(directory(['f 644 0:0 =ffff', 'g 644 0:0 =g']), 'f', 'g');
    expect(await receive(bytes.subarray(0, 700))).toEqual(['error tar-truncated']);
    expect(await receive(execFileSync('gzip', ['-c'], { input: bytes }).subarray(0, 60))).toEqual([
      'error bad-compression',
    ]);
  });
});

describe('no archive', () => {
  const table: [title: string, bytes: Buffer, want: string][] = [
    ['a Dockerfile', Buffer.from('FROM scratch\n'), 'Dockerfile: FROM scratch\n'],
    [
      'a long one',
      Buffer.from(`# ${'x'.repeat(2000)}\nFROM scratch\n`),
      `Dockerfile: # ${'x'.repeat(2000)}\nFROM scratch\n`,
    ],
    ['nothing', Buffer.alloc(0), 'error empty-context'],
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), 'error bad-context'],
    ['compressed text', execFileSync('gzip', ['-c'], { input: 'FROM scratch\n' }), 'error bad-context'],
  ];
  for (const [title, bytes, want] of table)
    it(title, async () => expect(await receive(bytes)).toEqual([want]));

  it('leaves the directory empty, and nothing of the stream', async () => {
    const into = directory();
    const context = await receiveContext(Readable.from([Buffer.from('FROM x')]), into, 'standard input');
    expect([readdirSync(into), readdirSync(context.directory)]).toEqual([['context'], []]);
  });
});
