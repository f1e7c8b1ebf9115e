import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setTimes } from '../../src/sys/node.ts';
import { listNames, statFile } from '../../src/sys/stat.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-stat-'));
  writeFileSync(join(directory, 'file'), 'hello');
  chownSync(join(directory, 'file'), 4_000_000_000, 7);
  chmodSync(join(directory, 'file'), 0o6755);
  linkSync(join(directory, 'file'), join(directory, 'same'));
  mkdirSync(join(directory, 'dir'));
  chmodSync(join(directory, 'dir'), 0o1777);
  symlinkSync('/etc/passwd', join(directory, 'link'));
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ['file', { type: 'file', mode: 0o6755, uid: 4_000_000_000, gid: 7, size: 5, linkCount: 2 }],
  ['dir', { type: 'directory', mode: 0o1777, size: 0 }],
  ['link', { type: 'symlink', size: 0 }],
])('statFile %s', (name, want) => {
  expect(statFile(join(directory, name))).toMatchObject(want);
});

test('two names of one inode are told by it', () => {
  const inode = statFile(join(directory, 'file'))?.inode;
  expect(statFile(join(directory, 'same'))?.inode).toBe(inode);
  expect(statFile(join(directory, 'dir'))?.inode).not.toBe(inode);
});

test.each([['nothing'], ['file/below'], ['file\0name']])('nothing is at %j', (path) => {
  expect(statFile(join(directory, path))).toBeUndefined();
});

test('times and sizes are as exact as the kernel has them', () => {
  const path = join(directory, 'exact');
  writeFileSync(path, '');
  truncateSync(path, 5_000_000_007);
  setTimes(path, { seconds: -2, nanoseconds: 999_999_999 });
  const { ctimeNs } = lstatSync(path, { bigint: true });
  const stat = statFile(path);
  expect(stat).toMatchObject({ size: 5_000_000_007, mtime: { seconds: -2, nanoseconds: 999_999_999 } });
  expect(BigInt(stat?.ctime?.seconds ?? 0) * 1_000_000_000n + BigInt(stat?.ctime?.nanoseconds ?? 0)).toBe(
    ctimeNs,
  );
});

test('devices have their numbers', () => {
  expect(statFile('/dev/null')).toMatchObject({ type: 'char', devMajor: 1, devMinor: 3 });
});

test('names are in byte order, whatever they mean as text', () => {
  const names = join(directory, 'dir');
  for (const name of ['b', '\xff', 'a', '\xc3\xa9', 'B', 'a.b']) {
    writeFileSync(Buffer.from(`${names}/${name}`, 'latin1'), '');
  }
  expect(listNames(names)).toEqual(['B', 'a', 'a.b', 'b', '\xc3\xa9', '\xff']);
  expect(() => listNames(join(directory, 'file'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
});
