import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bindMount, mountFilesystem, unmount } from '../../../src/sys/mount/mount.ts';

let directory: string;
let target: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-mount-'));
  target = join(directory, 'target');
  mkdirSync(target);
});
afterEach(() => rmSync(directory, { recursive: true }));

test('flags and options reach the kernel, at a target with any bytes in its name', () => {
  const odd = `${directory}/\xff é`;
  mkdirSync(Buffer.from(odd, 'latin1'));
  mountFilesystem({
    source: 'name',
    target: odd,
    type: 'tmpfs',
    flags: ['noSuid', 'noDev'],
    data: 'size=64k,mode=711',
  });
  const line = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .find((l) => l.includes(`${directory}/\xff`));
  unmount(odd);
  expect(line).toMatch(/nosuid,nodev/);
  expect(line).toMatch(/size=64k,mode=711/);
});

test('a bind mount shows a directory at a second place', () => {
  const source = join(directory, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'f'), 'x');
  bindMount(source, target);
  try {
    expect(readFileSync(join(target, 'f'), 'utf8')).toBe('x');
    writeFileSync(join(target, 'g'), 'y');
  } finally {
    unmount(target);
  }
  expect(readFileSync(join(source, 'g'), 'utf8')).toBe('y');
});

test('a busy mount is out of sight at once', () => {
  mountFilesystem({ source: 'tmpfs', target, type: 'tmpfs' });
  const before = process.cwd();
  process.chdir(target);
  unmount(target);
  process.chdir(before);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(target);
});

describe('failures', () => {
  test.each([
    ['a filesystem the kernel lacks', { type: 'nonesuch' }, 'cannot mount nonesuch at', 'modprobe nonesuch'],
    [
      'overlay without lowers',
      { type: 'overlay', data: 'lowerdir=/no/such' },
      'cannot mount overlay at',
      undefined,
    ],
  ])('%s', (_title, request, message, hint) => {
    const mounting = () => mountFilesystem({ source: 'x', target, ...request });
    expect(mounting).toThrow(
      expect.objectContaining({
        name: 'HostError',
        code: 'mount-failed',
        message: expect.stringContaining(message),
        hint: hint === undefined ? undefined : expect.stringContaining(hint),
      }),
    );
  });

  test('nothing to unmount', () => {
    expect(() => unmount(target)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });
});
