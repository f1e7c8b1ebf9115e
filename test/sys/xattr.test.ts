import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readXattr, readXattrs, setXattr } from '../../src/sys/xattr.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-xattr-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('attributes come back as set, sorted by name', () => {
  const file = join(directory, 'f');
  writeFileSync(file, '');
  const large = Buffer.alloc(3000, 7);
  setXattr(file, 'user.b', Buffer.of(0, 255, 10));
  setXattr(file, 'user.a', Buffer.alloc(0));
  setXattr(file, 'trusted.big', large);
  const all = [
    { name: 'trusted.big', value: new Uint8Array(large) },
    { name: 'user.a', value: new Uint8Array() },
    { name: 'user.b', value: Uint8Array.of(0, 255, 10) },
  ];
  expect(readXattrs(file)).toEqual(all);
  const descriptor = openSync(file, 'r');
  expect(readXattrs(descriptor)).toEqual(all);
  closeSync(descriptor);
  expect(() => readXattrs(descriptor)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(readXattr(file, 'user.b')).toEqual(Uint8Array.of(0, 255, 10));
  expect(readXattr(file, 'user.none')).toBeUndefined();
});

test('file capabilities set by another tool are read', () => {
  const file = join(directory, 'f');
  writeFileSync(file, '');
  execFileSync('setcap', ['cap_net_raw+ep', file], { env: { PATH: '/usr/sbin:/usr/bin:/sbin' } });
  const value = readXattr(file, 'security.capability');
  expect(Buffer.from(value ?? []).toString('hex')).toBe('0100000200200000000000000000000000000000');
});

test('a symlink has its own, not those of its target', () => {
  const file = join(directory, 'f');
  writeFileSync(file, '');
  setXattr(file, 'trusted.x', Buffer.from('target'));
  symlinkSync('f', join(directory, 'l'));
  expect(readXattrs(join(directory, 'l'))).toEqual([]);
  setXattr(join(directory, 'l'), 'trusted.x', Buffer.from('link'));
  expect(Buffer.from(readXattr(join(directory, 'l'), 'trusted.x') ?? []).toString()).toBe('link');
  expect(Buffer.from(readXattr(file, 'trusted.x') ?? []).toString()).toBe('target');
});

test('names that are not UTF-8 are found', () => {
  const file = `${directory}/\xff\xfe`;
  writeFileSync(Buffer.from(file, 'latin1'), '');
  setXattr(file, 'user.x', Buffer.from('1'));
  expect(readXattrs(file)).toHaveLength(1);
});

test('a filesystem without attributes has none; a missing file is an error', () => {
  expect(readXattrs('/proc/self/status')).toEqual([]);
  expect(readXattr('/proc/self/status', 'user.x')).toBeUndefined();
  expect(() => readXattrs(join(directory, 'no'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(() => setXattr(join(directory, 'no'), 'user.x', Buffer.of())).toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  );
});
