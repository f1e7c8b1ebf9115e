import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/context/folder.ts';
import { resolveOwner } from '../../src/copy/owner.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-owner-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const [image, bare, empty] = ['image', 'bare', 'empty'].map((name) => {
  const path = join(scratch, name);
  mkdirSync(path);
  return openFolder(path, { uidGid: 'keep' });
});

mkdirSync(join(scratch, 'image/etc'));
mkdirSync(join(scratch, 'image/usr'));
mkdirSync(join(scratch, 'bare/bin'));
// As immutable distributions have it; and it must not lead to the host's file.
symlinkSync('/usr/passwd', join(scratch, 'image/etc/passwd'));
writeFileSync(
  join(scratch, 'image/usr/passwd'),
  'root:x:0:0::/root:/bin/sh\n#off:x:77:77::/:\nbin:x:2:3:bin:/bin:/bin/sh\nbin:x:8:9::/:\n55:x:1055:1056::/:\nbroken\nbig:x:4294967295:1::/:',
);
writeFileSync(join(scratch, 'image/etc/group'), 'root:x:0:\nadm:x:4:bin\nmygroup:x:700:\n');

describe('owners', () => {
  const table: [owner: string, want: string][] = [
    ['55', '55:55'],
    ['55:mygroup', '55:700'],
    ['bin', '2:3'],
    ['bin:adm', '2:4'],
    ['bin:', '2:0'],
    [':adm', '0:4'],
    ['10:11', '10:11'],
    ['root', '0:0'],
    ['root:root', '0:0'],
    ['root:adm', '0:4'],
    ['unknown', '0:0'],
    ['unknown:adm', '0:4'],
    ['bin:unknown', '2:3'],
    ['55:unknown', '55:55'],
    [':unknown', '0:0'],
    ['1:2:3', '1:1'],
    ['+5:+6', '5:6'],
    ['bin:root', '2:0'],
    ['-1', '0:0'],
    ['#off', '0:0'],
    ['broken', '0:0'],
    ['big', '4294967295:1'],
    ['2147483647', '2147483647:2147483647'],
    ['2147483648:7', '0:7'],
  ];
  for (const [owner, want] of table) {
    it(owner, () => {
      if (image === undefined) throw new Error('no tree');
      const { uid, gid } = resolveOwner(image, owner);
      expect(`${uid}:${gid}`).toBe(want);
    });
  }

  it('unknown where the image has files, but no database', () => {
    if (bare === undefined) throw new Error('no tree');
    expect(resolveOwner(bare, 'bin:adm')).toEqual({ uid: 0, gid: 0 });
  });

  it('numbers need nothing', () => {
    if (empty === undefined) throw new Error('no tree');
    expect(resolveOwner(empty, '10:11')).toEqual({ uid: 10, gid: 11 });
    expect(resolveOwner(empty, 'root')).toEqual({ uid: 0, gid: 0 });
    expect(resolveOwner(empty, '5:root')).toEqual({ uid: 5, gid: 0 });
  });

  it('names need a filesystem', () => {
    if (empty === undefined) throw new Error('no tree');
    expect(() => resolveOwner(empty, 'bin')).toThrow('invalid user index: -1');
    expect(() => resolveOwner(empty, '1:adm')).toThrow('invalid user index: -1');
  });
});
