import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from '../../../src/content/dir-store.ts';
import { digestFromHex } from '../../../src/core/digest.ts';
import {
  blockBytes,
  compressedBlockBytes,
  openBlockCompressor,
} from '../../../src/layer/compress/block-compressor.ts';
import { CompressPool } from '../../../src/layer/compress/compress-pool.ts';
import { type ReusingCompressor, reusingCompressor } from '../../../src/layer/compress/known-members.ts';
import { type Member, memberKey, noteMembers } from '../../../src/layer/compress/member-table.ts';
import type { Compression } from '../../../src/layer/compression.ts';
import type { LayerEntry } from '../../../src/layer/layer-entry.ts';
import { packLayer } from '../../../src/layer/pack.ts';
import { entryOf } from '../../tar/archive.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-members-'));
  mkdirSync(join(directory, 'blobs'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const words = (seed: number): Buffer =>
  Buffer.from(
    Array.from({ length: blockBytes / 8 }, (_, i) => `${(i * seed) % 9973} word `).join(''),
  ).subarray(0, blockBytes);
const hexOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const gzip = { algorithm: 'gzip' } as const;

/** A table and a blob of two members, and compressors that know them; `compressed` counts what they had to do. */
function workshop(compression: Compression = gzip) {
  const known = { table: join(directory, 'members'), blobs: join(directory, 'blobs') };
  const counts = { compressed: 0 };
  /** As in a build of its own: it asks the table for its key. */
  const open = (wanted = compression): ReusingCompressor => {
    const made = openBlockCompressor(wanted);
    const inner = {
      writer: made.writer,
      compress(input: Uint8Array, into: Uint8Array) {
        counts.compressed++;
        return made.compress(input, into);
      },
    };
    return reusingCompressor(inner, { ...known, key: memberKey(known.table) });
  };
  const compressWith = (compressor: ReusingCompressor, block: Uint8Array) => {
    const output = new Uint8Array(compressedBlockBytes);
    const { length, name } = compressor.compress(block, output);
    return { bytes: Buffer.from(output.subarray(0, length)), name };
  };

  const first = open();
  const made = [words(7), words(11)].map((block) => compressWith(first, block));
  const blob = Buffer.concat(made.map(({ bytes }) => bytes));
  const path = join(directory, 'blobs', hexOf(blob));
  writeFileSync(path, blob);
  let offset = 0;
  const members = made.map(({ bytes, name }): Member => {
    offset += bytes.length;
    return { ...name, offset: offset - bytes.length, size: bytes.length };
  });
  const note = (noted: readonly Member[] = members) =>
    noteMembers(known.table, digestFromHex(hexOf(blob)), noted);
  counts.compressed = 0;
  return {
    compress: (block: Uint8Array, wanted?: Compression) => compressWith(open(wanted), block).bytes,
    find: (block: Uint8Array) => compressWith(open(), block).name,
    counts,
    note,
    members,
    bytes: made.map(({ bytes }) => bytes),
    path,
    known,
  };
}

test.each<[string, Compression]>([
  ['gzip', gzip],
  ['gzip at another level', { ...gzip, level: 9 }],
  ['zstd', { algorithm: 'zstd' }],
])(
  'a block of an earlier blob is not compressed again: its member is taken over, with %s',
  (_title, form) => {
    const { compress, counts, note, bytes } = workshop(form);
    note();
    expect(compress(words(11))).toEqual(bytes[1]);
    expect(compress(words(7))).toEqual(bytes[0]);
    expect(counts.compressed).toBe(0);
  },
);

test('a member that was taken over can be found in the new blob as well', () => {
  const { find, note, members } = workshop();
  note();
  expect(find(words(11))).toEqual({ content: members[1]?.content, seal: members[1]?.seal });
});

test('another level never gets it', () => {
  const { compress, counts, note, bytes } = workshop();
  note();
  expect(compress(words(7), { ...gzip, level: 9 })).not.toEqual(bytes[0]);
  expect(counts.compressed).toBe(1);
});

const swapped = ([one, two]: readonly Member[], part: (other: Member) => Partial<Member>): Member[] =>
  one === undefined || two === undefined ? [] : [{ ...one, ...part(two) }];

test.each<[string, (bench: ReturnType<typeof workshop>) => void]>([
  ['nothing was noted', () => {}],
  [
    'the blob was pruned',
    ({ note, path }) => {
      note();
      rmSync(path);
    },
  ],
  [
    'the blob was cut short',
    ({ note, path }) => {
      note();
      truncateSync(path, 1000);
    },
  ],
  ...[0, 5, 5000].map((at): [string, (bench: ReturnType<typeof workshop>) => void] => [
    `byte ${at} of it fell over`,
    ({ note, path }) => {
      note();
      const bytes = readFileSync(path);
      bytes[at] = ((bytes[at] ?? 0) + 1) & 255;
      writeFileSync(path, bytes);
    },
  ]),
  [
    'the table says where something else lies',
    ({ note, members }) => note(swapped(members, ({ offset, size }) => ({ offset, size }))),
  ],
  [
    'two processes wrote half a slot each',
    ({ note, members }) => note(swapped(members, ({ offset, size, seal }) => ({ offset, size, seal }))),
  ],
  ['the table is noise', ({ known }) => writeFileSync(known.table, Buffer.alloc(1 << 22, 0xa5))],
  [
    'the table was removed',
    ({ note, known }) => {
      note();
      rmSync(known.table);
    },
  ],
  [
    'the table is another one, with the same slots',
    ({ note, known }) => {
      note();
      const table = readFileSync(known.table);
      rmSync(known.table);
      memberKey(known.table);
      const head = readFileSync(known.table);
      writeFileSync(known.table, Buffer.concat([head, table.subarray(head.length)]));
    },
  ],
])('when %s, it is compressed', (_title, prepare) => {
  const bench = workshop();
  prepare(bench);
  expect(bench.compress(words(7))).toEqual(bench.bytes[0]);
  expect(bench.counts.compressed).toBe(1);
});

test('the key of a table is its own, stays, and is nobody else’s to read', () => {
  const table = join(directory, 'members');
  const key = memberKey(table);
  expect(memberKey(table)).toEqual(key);
  expect(statSync(table).mode & 0o777).toBe(0o600);
  rmSync(table);
  expect(memberKey(table)).not.toEqual(key);
});

test('a layer of which one file changed has the bytes it would have without an earlier one', async () => {
  const blobs = openBlobStore(join(directory, 'layout'), join(directory, 'ingest'));
  const pool = new CompressPool(2);
  const known = { table: join(directory, 'members'), blobs: join(directory, 'layout/blobs/sha256') };
  const entries = (changed: string): LayerEntry[] =>
    [words(3), Buffer.from(changed), words(5), words(7)].map((bytes, index) => ({
      ...entryOf({ path: `${index}`, size: bytes.length }),
      content: { kind: 'bytes', bytes },
    }));
  const options = { compression: gzip, pool } as const;
  try {
    await packLayer(entries('one'), blobs, { ...options, known });
    const again = await packLayer(entries('two'), blobs, { ...options, known });
    const alone = await packLayer(entries('two'), blobs, options);
    expect(again).toEqual(alone);
    const tar = gunzipSync(readFileSync(blobs.path(again.layer.descriptor.digest)));
    expect(`sha256:${hexOf(tar)}`).toBe(again.layer.diffID);
  } finally {
    await pool.close();
  }
});
