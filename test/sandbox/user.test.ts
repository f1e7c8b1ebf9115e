import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyTree, type FileTree } from '../../src/core/file-tree.ts';
import { resolveUser } from '../../src/sandbox/user.ts';
import { mergedTree } from '../../src/snapshot/merged-tree.ts';

const passwd = `
root:x:0:0:root:/root:/bin/sh
bin:x:2:3:bin:/bin:/usr/sbin/nologin
# a comment: and a colon
broken
ada:x:1000:100:Ada,,,:/home/ada:/bin/sh
jörg:x:1001:1001::/home/jörg:/bin/sh
homeless:x:1002:1002:::
twin:x:1000:2000::/home/twin:/bin/sh
7:x:77:78::/seven:/bin/sh
bin:x:20:30:second::
big:x:4294967294:4294967294::/:
`;
const group = `root:x:0:
adm:x:4:ada,bin
wheel:x:10:root,ada
mygroup:x:55:
66:x:67:
users:x:100:jörg
twice:x:55:seven,homeless
again:x:55:homeless
`;

let directory: string;
let tree: FileTree;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-user-'));
  // An absolute symlink: followed inside the image, where the host has another file.
  mkdirSync(join(directory, 'usr/etc'), { recursive: true });
  mkdirSync(join(directory, 'etc'));
  symlinkSync('/usr/etc/passwd', join(directory, 'etc/passwd'));
  writeFileSync(join(directory, 'usr/etc/passwd'), passwd);
  writeFileSync(join(directory, 'etc/group'), group.trimEnd());
  tree = mergedTree([directory]);
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('USER', () => {
  test.each([
    ['', { uid: 0, gid: 0, groups: [0, 10], home: '/root' }],
    ['root', { uid: 0, gid: 0, groups: [0, 10], home: '/root' }],
    ['ada', { uid: 1000, gid: 100, groups: [100, 4, 10], home: '/home/ada' }],
    ['1000', { uid: 1000, gid: 100, groups: [100, 4, 10], home: '/home/ada' }],
    ['jörg', { uid: 1001, gid: 1001, groups: [1001, 100], home: '/home/jörg' }],
    ['homeless', { uid: 1002, gid: 1002, groups: [1002, 55, 55], home: '' }],
    ['twin', { uid: 1000, gid: 2000, groups: [2000], home: '/home/ada' }],
    ['1234', { uid: 1234, gid: 0, groups: [0], home: '/' }],
    ['7', { uid: 7, gid: 0, groups: [0], home: '/' }],
    ['bin', { uid: 2, gid: 3, groups: [3, 4], home: '/bin' }],
    ['ada:wheel', { uid: 1000, gid: 10, groups: [10], home: '/home/ada' }],
    ['ada:10', { uid: 1000, gid: 10, groups: [10], home: '/home/ada' }],
    ['ada:66', { uid: 1000, gid: 66, groups: [66], home: '/home/ada' }],
    ['ada:4711', { uid: 1000, gid: 4711, groups: [4711], home: '/home/ada' }],
    ['10:11', { uid: 10, gid: 11, groups: [11], home: '/' }],
    [':adm', { uid: 0, gid: 4, groups: [4], home: '/root' }],
    ['ada:', { uid: 1000, gid: 100, groups: [100, 4, 10], home: '/home/ada' }],
    ['4294967294', { uid: 4294967294, gid: 4294967294, groups: [4294967294], home: '/' }],
  ])('%j', (user, want) => {
    expect(resolveUser(tree, user)).toEqual(want);
  });

  test.each([
    ['eve', 'unknown-user', 'unable to find user eve'],
    ['eve:adm', 'unknown-user', 'unable to find user eve'],
    ['ada:hackers', 'unknown-group', 'unable to find group hackers'],
    ['-1', 'unknown-user', 'unable to find user -1'],
    ['4294967295', 'unknown-user', 'unable to find user 4294967295'],
  ])('%j: %s', (user, code, message) => {
    expect(() => resolveUser(tree, user)).toThrow(
      expect.objectContaining({ name: 'StepError', code, message: expect.stringContaining(message) }),
    );
  });

  test.each([
    ['', { uid: 0, gid: 0, groups: [0], home: '/' }],
    ['10:11', { uid: 10, gid: 11, groups: [11], home: '/' }],
    ['10', { uid: 10, gid: 0, groups: [0], home: '/' }],
  ])('%j without any file', (user, want) => {
    expect(resolveUser(emptyTree, user)).toEqual(want);
  });

  test('a name without any file', () => {
    expect(() => resolveUser(emptyTree, 'root')).toThrow(expect.objectContaining({ code: 'unknown-user' }));
  });
});

describe('account files of any size', () => {
  test('an entry behind many, over the boundaries of reads', () => {
    const large = mkdtempSync(join(tmpdir(), 'strata-user-'));
    mkdirSync(join(large, 'etc'));
    const lines = Array.from(
      { length: 20_000 },
      (_, index) => `u${index}:x:${index}:${index}::/h/${index}:/bin/sh`,
    );
    writeFileSync(join(large, 'etc/passwd'), lines.join('\n'));
    expect(resolveUser(mergedTree([large]), 'u19999')).toMatchObject({ uid: 19999, home: '/h/19999' });
    rmSync(large, { recursive: true });
  });

  test('a line without end', () => {
    const large = mkdtempSync(join(tmpdir(), 'strata-user-'));
    mkdirSync(join(large, 'etc'));
    writeFileSync(join(large, 'etc/passwd'), Buffer.alloc(1_000_000, 'x'));
    expect(() => resolveUser(mergedTree([large]), 'root')).toThrow(
      expect.objectContaining({ code: 'bad-account-file' }),
    );
    rmSync(large, { recursive: true });
  });
});
