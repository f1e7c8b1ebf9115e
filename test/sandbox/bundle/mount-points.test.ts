import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  findMountPoints,
  type MountTarget,
  makeMountPoints,
} from '../../../src/sandbox/bundle/mount-points.ts';
import { setTimes } from '../../../src/sys/node.ts';
import { statFile } from '../../../src/sys/stat.ts';

let root: string;
const longAgo = { seconds: 1_000_000_000, nanoseconds: 123 };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-points-'));
  for (const name of ['etc', 'run', 'var', 'data']) mkdirSync(join(root, name));
  symlinkSync('/run', join(root, 'var/run'));
  symlinkSync('../../../../data', join(root, 'etc/data'));
  symlinkSync('/nowhere/file', join(root, 'etc/dangling'));
  writeFileSync(join(root, 'etc/hosts'), 'x');
  for (const name of ['etc', 'run', 'data', '']) setTimes(join(root, name), longAgo);
});
afterEach(() => rmSync(root, { recursive: true }));

const directory = (target: string): MountTarget => ({ target, kind: 'directory' });
const file = (target: string): MountTarget => ({ target, kind: 'file' });
const place = (...targets: MountTarget[]) => findMountPoints(root, targets);

describe('where a target is', () => {
  test.each([
    ['as written', '/etc/hosts', 'etc/hosts'],
    ['through an absolute link', '/var/run/x', 'run/x'],
    ['through one that climbs', '/etc/data/x', 'data/x'],
    ['a dangling one', '/etc/dangling', 'nowhere/file'],
    ['new', '/a/b', 'a/b'],
    ['not outside', '/../../x', 'x'],
  ])('%s', (_title, target, want) => {
    expect(place(file(target)).map(({ path }) => path)).toEqual([want]);
  });

  test('what lies in another mount is not looked for beneath it', () => {
    symlinkSync('/etc', join(root, 'data/link'));
    const points = place(file('/data/link/hosts'), directory('/data'));
    expect(points.map(({ path, isNested }) => [path, isNested])).toEqual([
      ['data', false],
      ['data/link/hosts', true],
    ]);
  });

  test.each([
    ['a directory on a file', directory('/etc/hosts')],
    ['a file on a directory', file('/etc')],
    ['the root', directory('/')],
    ['the root, in other words', directory('/var/run/..')],
  ])('refused: %s', (_title, target) => {
    expect(() => place(target)).toThrow(expect.objectContaining({ name: 'StepError', code: 'mount-target' }));
  });
});

describe('made, and taken away again', () => {
  const everything = () => readdirSync(root, { recursive: true }).sort();

  test('nothing is left, no time has changed', () => {
    const before = everything();
    const remove = makeMountPoints(
      root,
      place(
        directory('/cache'),
        file('/etc/resolv.conf'),
        file('/var/run/secrets/deep/key'),
        file('/etc/hosts'),
      ),
    );
    expect(existsSync(join(root, 'run/secrets/deep/key'))).toBe(true);
    expect(statSync(join(root, 'cache')).mode & 0o7777).toBe(0o755);
    for (const name of ['etc', 'run', '']) expect(statFile(join(root, name))?.mtime).toEqual(longAgo);
    remove();
    expect(everything()).toEqual(before);
    for (const name of ['etc', 'run', '']) expect(statFile(join(root, name))?.mtime).toEqual(longAgo);
  });

  test('what stays', () => {
    makeMountPoints(root, place({ ...directory('/proc'), stays: true }, directory('/proc/x')))();
    expect(everything()).toContain('proc');
    // A layer does not say when its step ran.
    expect(statFile(join(root, 'proc'))?.mtime).toEqual({ seconds: 0, nanoseconds: 0 });
  });

  test('modes do not depend on the umask', () => {
    const before = process.umask(0o077);
    makeMountPoints(root, place({ ...directory('/new/tmp'), mode: 0o1777 }, directory('/also')));
    process.umask(before);
    const modes = ['new', 'new/tmp', 'also'].map((name) => statSync(join(root, name)).mode & 0o7777);
    expect(modes).toEqual([0o755, 0o1777, 0o755]);
  });

  test('a step that used the place keeps what it put there, and the time it did', () => {
    const remove = makeMountPoints(root, place(file('/root/.aws/credentials'), directory('/cache')));
    writeFileSync(join(root, 'root/.aws/config'), 'mine');
    writeFileSync(join(root, 'etc/new'), '');
    const changed = statFile(join(root, 'root/.aws'))?.mtime;
    remove();
    expect(readdirSync(join(root, 'root/.aws'))).toEqual(['config']);
    expect(existsSync(join(root, 'cache'))).toBe(false);
    expect(statFile(join(root, 'root/.aws'))?.mtime).toEqual(changed);
    expect(statFile(join(root, 'etc'))?.mtime).not.toEqual(longAgo);
  });

  test('a step that wrote to a file where the mount point was keeps it', () => {
    const remove = makeMountPoints(root, place(file('/key')));
    writeFileSync(join(root, 'key'), 'content');
    remove();
    expect(existsSync(join(root, 'key'))).toBe(true);
  });

  test('a link put where a directory was leads nobody outside', () => {
    const outside = mkdtempSync(join(tmpdir(), 'strata-outside-'));
    writeFileSync(join(outside, 'resolv.conf'), '');
    const remove = makeMountPoints(root, place(file('/etc/resolv.conf')));
    renameSync(join(root, 'etc'), join(root, 'moved'));
    symlinkSync(outside, join(root, 'etc'));
    remove();
    expect(readdirSync(outside)).toEqual(['resolv.conf']);
    expect(lstatSync(join(root, 'etc')).isSymbolicLink()).toBe(true);
    rmSync(outside, { recursive: true });
  });

  test('a file in the way', () => {
    const points = place(file('/etc/hosts/x/y'));
    expect(() => makeMountPoints(root, points)).toThrow(
      expect.objectContaining({ code: 'not-a-directory', message: '"/etc/hosts" is not a directory' }),
    );
  });

  test('what exists is left alone, whatever its mode', () => {
    chmodSync(join(root, 'data'), 0o700);
    makeMountPoints(root, place(directory('/data')))();
    expect(statSync(join(root, 'data')).mode & 0o7777).toBe(0o700);
  });
});
