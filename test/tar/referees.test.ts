/** GNU tar and Python read what we write, and we read what they write, on the machine at hand. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../support/capabilities.ts';
import { fileOf, type Member, memberOf, readArchive, writeArchive } from './archive.ts';

const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const long = 'n'.repeat(130);
const members: Member[] = [
  memberOf({ path: 'd', type: 'directory', mode: 0o1777, mtime: { seconds: 1, nanoseconds: 5 } }),
  fileOf('d/plain', 'hello\n', { mode: 0o4711, uid: 1000, gid: 1001 }),
  fileOf('d/big-ids', 'x', { uid: 2 ** 31, gid: 2 ** 32 - 2 }),
  fileOf('d/old', '', { mtime: { seconds: -2, nanoseconds: 250_000_000 } }),
  fileOf('d/late', '', { mtime: { seconds: 2 ** 33 + 5, nanoseconds: 1 } }),
  fileOf(`d/${long}/${long}`, 'long name'),
  fileOf('d/caf\xc3\xa9', 'utf-8'),
  fileOf('d/caf\xe9', 'not utf-8'),
  fileOf('d/capable', 'setcap', {
    xattrs: [
      { name: 'security.capability', value: new Uint8Array(capability) },
      { name: 'user.line', value: new Uint8Array(Buffer.from('a\nb=c\0')) },
    ],
  }),
  memberOf({ path: 'd/hard', type: 'hardlink', link: 'd/plain', mode: 0o4711, uid: 1000, gid: 1001 }),
  memberOf({ path: 'd/soft', type: 'symlink', link: `../${long}`, mode: 0o777 }),
  memberOf({ path: 'd/fifo', type: 'fifo', mode: 0o600 }),
  memberOf({ path: 'd/null', type: 'char', mode: 0o666, devMajor: 1, devMinor: 3 }),
  memberOf({ path: 'd/disk', type: 'block', mode: 0o660, devMajor: 259, devMinor: 1_048_575 }),
];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-tar-'));
  writeFileSync(join(directory, 'ours.tar'), writeArchive(members));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, {
    cwd: directory,
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });

test('GNU tar lists what we wrote', () => {
  const listing = run('tar', '--numeric-owner', '--full-time', '-tvf', 'ours.tar').toString('latin1');
  const got = listing.split('\n').map((line) => line.replaceAll(long, 'LONG').replace(/ +/g, ' '));
  expect(got).toEqual([
    'drwxrwxrwt 0/0 0 1970-01-01 00:00:01.000000005 d/',
    '-rws--x--x 1000/1001 6 2020-09-13 12:26:40 d/plain',
    '-rw-r--r-- 2147483648/4294967294 1 2020-09-13 12:26:40 d/big-ids',
    // Truly 58.25, and so it is unpacked below; GNU tar prints such times with the fraction turned round.
    '-rw-r--r-- 0/0 0 1969-12-31 23:59:59.75 d/old',
    '-rw-r--r-- 0/0 0 2242-03-16 12:56:37.000000001 d/late',
    '-rw-r--r-- 0/0 9 2020-09-13 12:26:40 d/LONG/LONG',
    '-rw-r--r-- 0/0 5 2020-09-13 12:26:40 d/caf\\303\\251',
    '-rw-r--r-- 0/0 9 2020-09-13 12:26:40 d/caf\\351',
    '-rw-r--r-- 0/0 6 2020-09-13 12:26:40 d/capable',
    'hrws--x--x 1000/1001 0 2020-09-13 12:26:40 d/hard link to d/plain',
    'lrwxrwxrwx 0/0 0 2020-09-13 12:26:40 d/soft -> ../LONG',
    'prw------- 0/0 0 2020-09-13 12:26:40 d/fifo',
    'crw-rw-rw- 0/0 1,3 2020-09-13 12:26:40 d/null',
    'brw-rw---- 0/0 259,1048575 2020-09-13 12:26:40 d/disk',
    '',
  ]);
});

describeWith(['root'], 'on a real filesystem', () => {
  test('GNU tar unpacks what we wrote and packs it again: nothing is lost', () => {
    run('mkdir', 'unpacked');
    run('tar', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-C', 'unpacked', '-xpf', 'ours.tar');
    const pack = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--format=posix', '-C', 'unpacked'];
    // The year 2242 and the largest minor number are more than every filesystem holds.
    const names = members.filter(({ entry }) => !/late|disk/.test(entry.path)).map(({ entry }) => entry.path);
    writeFileSync(join(directory, 'names'), Buffer.from(names.join('\0'), 'latin1'));
    run('tar', ...pack, '--no-recursion', '--null', '-T', 'names', '-cf', 'theirs.tar');
    const theirs = readArchive(run('cat', 'theirs.tar'));
    expect(theirs).toEqual(members.filter(({ entry }) => names.includes(entry.path)));
  });
});

describeWith(['python3'], 'Python', () => {
  test('reads what we wrote', () => {
    const script = `
import json, sys, tarfile
out = []
for m in tarfile.open('ours.tar', errors='surrogateescape'):
    f = m.name.encode('utf-8', 'surrogateescape').decode('latin1')
    body = tarfile.open('ours.tar', errors='surrogateescape').extractfile(m).read().decode('latin1') if m.isreg() else ''
    out.append([f, m.type.decode(), m.mode, m.uid, m.gid, m.size, m.mtime, m.linkname, m.devmajor, m.devminor, body])
json.dump(out, sys.stdout)`;
    const types = {
      file: '0',
      hardlink: '1',
      symlink: '2',
      char: '3',
      block: '4',
      directory: '5',
      fifo: '6',
    };
    const want = members.map(({ entry, content }) => [
      entry.path,
      types[entry.type],
      entry.mode,
      entry.uid,
      entry.gid,
      entry.size,
      entry.mtime.seconds + entry.mtime.nanoseconds / 1e9,
      entry.link,
      entry.devMajor,
      entry.devMinor,
      content.toString('latin1'),
    ]);
    expect(JSON.parse(run('python3', '-c', script).toString())).toEqual(want);
  });

  test.each(['USTAR', 'GNU', 'PAX'])('writes %s archives that we read', (format) => {
    const script = `
import io, tarfile
with tarfile.open('python.tar', 'w', format=tarfile.${format}_FORMAT) as archive:
    for name, kind, size in (('d', tarfile.DIRTYPE, 0), ('d/' + 'x' * 90 + '/f', tarfile.REGTYPE, 700), ('l', tarfile.SYMTYPE, 0)):
        info = tarfile.TarInfo(name)
        info.type, info.size, info.mode, info.uid, info.mtime = kind, size, 0o640, 1234, 77
        info.linkname = 'd' if kind == tarfile.SYMTYPE else ''
        archive.addfile(info, io.BytesIO(b'y' * size))`;
    run('python3', '-c', script);
    const common = { mode: 0o640, uid: 1234, mtime: { seconds: 77, nanoseconds: 0 } };
    expect(readArchive(run('cat', 'python.tar'), 1000)).toEqual([
      memberOf({ path: 'd', type: 'directory', ...common }),
      fileOf(`d/${'x'.repeat(90)}/f`, 'y'.repeat(700), common),
      memberOf({ path: 'l', type: 'symlink', link: 'd', ...common }),
    ]);
  });
});
