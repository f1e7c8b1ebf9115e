/** Archives by other programs; how each was made stands in fixtures/tars/README.md. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { TarEntry } from '../../src/tar/entry.ts';
import { readArchive } from './archive.ts';

const read = (name: string) => readFileSync(new URL(`../../fixtures/tars/${name}`, import.meta.url));

/** One line per member: type, mode, owner, time, name, then what the type has more. */
function line({ type, mode, uid, gid, mtime, path, ...more }: TarEntry, content: Buffer): string {
  const fraction = String(mtime.nanoseconds).padStart(9, '0').replace(/0+$/, '');
  const time = mtime.seconds === 981_173_106 ? 'T' : String(mtime.seconds);
  const isDevice = type === 'char' || type === 'block';
  const tail = [
    type === 'file' && JSON.stringify(content.toString('latin1')),
    more.link !== '' && `-> ${more.link}`,
    isDevice && `${more.devMajor}:${more.devMinor}`,
    ...more.xattrs.map(({ name, value }) => `${name}=${Buffer.from(value).toString('hex')}`),
  ].filter((part) => typeof part === 'string');
  return [type, mode.toString(8), `${uid}:${gid}`, time + (fraction && `.${fraction}`), path, ...tail].join(
    ' ',
  );
}

const p = 'p'.repeat(60);
const n = 'n'.repeat(160);
const inV7 = [
  'directory 755 0:0 T dir',
  'file 644 1000:100 T dir/file "hello\\n"',
  'file 4755 0:0 T dir/setuid "run\\n"',
  'directory 755 0:0 T dir/sub',
  'hardlink 644 1000:100 T dir/sub/hard -> dir/file',
  'symlink 777 0:0 T dir/sub/soft -> ../file',
];
const inUstar = [
  ...inV7,
  'fifo 600 0:0 T dir/fifo',
  'char 640 0:0 T dir/null 1:3',
  'block 660 0:0 T dir/loop 7:260',
  `directory 755 0:0 T dir/${p}`,
  `directory 755 0:0 T dir/${p}/${p}`,
  `file 644 0:0 T dir/${p}/${p}/name "deep"`,
];
const inGnu = [
  ...inUstar,
  `file 644 0:0 T dir/${n} "long"`,
  `symlink 777 0:0 T dir/long-link -> ${n}`,
  'file 644 0:0 T dir/caf\xe9 \xc3\xa9 "odd"',
  'file 644 3000000:4000000000 -2 dir/ids "ids"',
];
const changed = (lines: readonly string[], from: string, to: string) =>
  lines.map((line) => (line === from ? to : line));
const hard = 'hardlink 644 1000:100 T dir/sub/hard -> dir/file';
const ids = 'file 644 3000000:4000000000 -2 dir/ids "ids"';
const withFractions = changed(
  changed(inGnu, ids, 'file 644 3000000:4000000000 -2.5 dir/ids "ids"'),
  'file 4755 0:0 T dir/setuid "run\\n"',
  'file 4755 0:0 T.123456789 dir/setuid "run\\n"',
);
const withXattr = changed(
  withFractions,
  'file 644 1000:100 T dir/file "hello\\n"',
  'file 644 1000:100 T dir/file "hello\\n" user.binary=00ff0a3d',
);

describe.each<[file: string, want: readonly string[]]>([
  ['v7.tar', inV7],
  ['ustar.tar', inUstar],
  ['oldgnu.tar', inGnu],
  ['gnu.tar', inGnu],
  ['posix.tar', withXattr],
  [
    // Attributes are repeated for further names of a file, and half a second before 1970 is one too early.
    'bsdtar.tar',
    changed(
      changed(withXattr, hard, `${hard} user.binary=00ff0a3d`),
      'file 644 3000000:4000000000 -2.5 dir/ids "ids"',
      'file 644 3000000:4000000000 -3.5 dir/ids "ids"',
    ),
  ],
  // Python keeps times as floating point numbers, and rounds towards zero where it writes whole seconds.
  ['python-gnu.tar', changed(inGnu, ids, 'file 644 3000000:4000000000 -1 dir/ids "ids"')],
  [
    'python-pax.tar',
    changed(
      withFractions,
      'file 4755 0:0 T.123456789 dir/setuid "run\\n"',
      'file 4755 0:0 T.1234568 dir/setuid "run\\n"',
    ),
  ],
])('%s', (file, want) => {
  test.each([1, 512, 700, 1 << 20])('in chunks of %i bytes', (chunkSize) => {
    const lines = readArchive(read(file), chunkSize).map(({ entry, content }) => line(entry, content));
    expect(lines.sort()).toEqual([...want].sort());
  });
});

test.each(['oldgnu', '0.0', '0.1', '1.0'])('a sparse file in the format %s', (version) => {
  const want = Buffer.alloc(5_000_000);
  for (let island = 0; island < 30; island++) {
    want.write(`island ${String(island).padStart(2, '0')}\n`, island * 131_072);
  }
  const archive = gunzipSync(read(`sparse-${version}.tar.gz`));
  for (const chunkSize of [511, 1 << 20]) {
    const [member, ...more] = readArchive(archive, chunkSize);
    expect(more).toEqual([]);
    expect(member?.entry).toMatchObject({ path: 'sparse', type: 'file', size: 5_000_000, mode: 0o644 });
    expect(member?.content.equals(want)).toBe(true);
  }
});

test('an archive by nobody: only zeros, or nothing at all', () => {
  expect(readArchive(Buffer.alloc(10_240))).toEqual([]);
  expect(readArchive(Buffer.alloc(512))).toEqual([]);
  expect(readArchive(Buffer.alloc(0))).toEqual([]);
});
