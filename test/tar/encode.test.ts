import { expect, test } from 'vitest';
import { encodeHeader } from '../../src/tar/encode.ts';
import type { TarEntry } from '../../src/tar/entry.ts';
import { paddingAfter } from '../../src/tar/header.ts';
import { decodePaxRecords } from '../../src/tar/pax.ts';
import { entryOf } from './archive.ts';

test('a plain file takes one block, byte for byte as ustar says', () => {
  const block = Buffer.from(
    encodeHeader(entryOf({ path: 'etc/hostname', mode: 0o640, uid: 1000, gid: 100, size: 5 })),
  );
  const want = Buffer.alloc(512);
  want.write('etc/hostname', 0);
  want.write('0000640\x000001750\x000000144\x0000000000005\x0013727410000\x00', 100, 'latin1');
  want.write('0', 156);
  want.write('ustar\x0000', 257, 'latin1');
  want.write('0000000\x000000000\x00', 329, 'latin1');
  const sum = want.reduce((total, byte) => total + byte, 8 * 0x20);
  want.write(`${sum.toString(8).padStart(6, '0')}\x00 `, 148, 'latin1');
  expect(block.toString('latin1')).toBe(want.toString('latin1'));
});

const big = 2 ** 33;
const extended: [title: string, fields: Partial<TarEntry> & { path: string }, records: [string, string][]][] =
  [
    ['nothing special', { path: 'a' }, []],
    ['a name of 100 bytes', { path: 'n'.repeat(100) }, []],
    ['a name of 101 bytes without a slash', { path: 'n'.repeat(101) }, [['path', 'n'.repeat(101)]]],
    ['a name that splits at a slash', { path: `${'p'.repeat(155)}/${'n'.repeat(100)}` }, []],
    [
      'a name whose prefix is one byte too long',
      { path: `${'p'.repeat(156)}/${'n'.repeat(100)}` },
      [['path', `${'p'.repeat(156)}/${'n'.repeat(100)}`]],
    ],
    ['a directory whose slash is byte 100', { path: 'd'.repeat(99), type: 'directory' }, []],
    [
      'a directory whose slash is byte 101',
      { path: 'd'.repeat(100), type: 'directory' },
      [['path', `${'d'.repeat(100)}/`]],
    ],
    ['a name in UTF-8', { path: '\xc3\xa9' }, [['path', '\xc3\xa9']]],
    ['a name that is not UTF-8', { path: '\xff\xfe' }, [['path', '\xff\xfe']]],
    ['a name with a line feed', { path: 'a\nb' }, []],
    [
      'a link target of 101 bytes',
      { path: 'l', type: 'symlink', link: 't'.repeat(101) },
      [['linkpath', 't'.repeat(101)]],
    ],
    ['the largest uid and gid of ustar', { path: 'a', uid: 2 ** 21 - 1, gid: 2 ** 21 - 1 }, []],
    [
      'a uid and a gid above',
      { path: 'a', uid: 2 ** 21, gid: 2 ** 32 - 2 },
      [
        ['gid', '4294967294'],
        ['uid', '2097152'],
      ],
    ],
    ['8 GiB less a byte', { path: 'a', size: big - 1 }, []],
    ['8 GiB', { path: 'a', size: big }, [['size', '8589934592']]],
    ['nanoseconds', { path: 'a', mtime: { seconds: 7, nanoseconds: 1 } }, [['mtime', '7.000000001']]],
    ['tenths', { path: 'a', mtime: { seconds: 7, nanoseconds: 5e8 } }, [['mtime', '7.5']]],
    [
      'a year before 1970',
      { path: 'a', mtime: { seconds: -31_536_000, nanoseconds: 0 } },
      [['mtime', '-31536000']],
    ],
    [
      'half a second before 1970',
      { path: 'a', mtime: { seconds: -1, nanoseconds: 5e8 } },
      [['mtime', '-0.5']],
    ],
    ['the last second of ustar', { path: 'a', mtime: { seconds: big - 1, nanoseconds: 0 } }, []],
    ['the year 2242', { path: 'a', mtime: { seconds: big, nanoseconds: 0 } }, [['mtime', '8589934592']]],
    [
      'attributes, which come sorted with everything else',
      {
        path: 'a',
        uid: 3_000_000,
        xattrs: [
          { name: 'user.z', value: Buffer.from('line\nfeed=\0') },
          { name: 'security.capability', value: Buffer.from([1, 0, 0, 2, 0xff]) },
          { name: 'user.empty', value: new Uint8Array() },
        ],
      },
      [
        ['SCHILY.xattr.security.capability', '\x01\0\0\x02\xff'],
        ['SCHILY.xattr.user.empty', ''],
        ['SCHILY.xattr.user.z', 'line\nfeed=\0'],
        ['uid', '3000000'],
      ],
    ],
  ];

test.each(extended)('extended records for %s', (_title, fields, want) => {
  const blocks = Buffer.from(encodeHeader(entryOf(fields)));
  expect(blocks.length % 512).toBe(0);
  const type = blocks.toString('latin1', 156, 157);
  const length = Number.parseInt(blocks.toString('latin1', 124, 135), 8);
  expect(type === 'x' ? decodePaxRecords(blocks.subarray(512, 512 + length)) : []).toEqual(want);
  expect(blocks.length).toBe(want.length === 0 ? 512 : 1024 + length + paddingAfter(length));
});

test('a record whose length grows by counting itself', () => {
  for (const size of [87, 88, 89, 986, 987, 988, 989]) {
    const path = 'n'.repeat(size + 100);
    const blocks = Buffer.from(encodeHeader(entryOf({ path })));
    const length = Number.parseInt(blocks.toString('latin1', 124, 135), 8);
    expect(decodePaxRecords(blocks.subarray(512, 512 + length))).toEqual([['path', path]]);
  }
});

test('an attribute name with "=" cannot be stored', () => {
  const entry = entryOf({ path: 'a', xattrs: [{ name: 'user.a=b', value: new Uint8Array() }] });
  expect(() => encodeHeader(entry)).toThrow(expect.objectContaining({ code: 'tar-cannot-store' }));
});

test.each([
  [0, 0],
  [1, 511],
  [512, 0],
  [513, 511],
])('after %i bytes come %i of padding', (size, want) => {
  expect(paddingAfter(size)).toBe(want);
});
