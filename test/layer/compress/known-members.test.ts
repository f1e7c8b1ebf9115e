import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from '../../../src/content/dir-store.ts';
import { digestFromHex } from '../../../src/core/digest.ts';
import {
  blockBytes,
  compressedBlockBytes,
  gzipCompressor,
  usualDeflate,
} from '../../../src/layer/compress/block-compressor.ts';
import { CompressPool } from '../../../src/layer/compress/compress-pool.ts';
import { memberAt, reusingCompressor } from '../../../src/layer/compress/known-members.ts';
import { noteMembers } from '../../../src/layer/compress/member-table.ts';
import type { LayerEntry } from '../../../src/layer/layer-entry.ts';
import { packLayer } from '../../../src/layer/pack.ts';
import { entryOf } from '../../tar/archive.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-members-'));
  mkdirSync(join(directory, 'blobs'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const library = usualDeflate();
const { crc32, gunzip } = library;
/** Node's zlib has neither: nothing is taken over there. */
const canReuse = crc32 !== undefined && gunzip !== undefined;

const words = (seed: number): Buffer =>
  Buffer.from(
    Array.from({ length: blockBytes / 8 }, (_, i) => `${(i * seed) % 9973} word `).join(''),
  ).subarray(0, blockBytes);
const hexOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A table and a blob of two members, and a compressor that knows them; `compressed` counts what it had to do. */
function workshop() {
  const made = gzipCompressor(4, library);
  const output = new Uint8Array(compressedBlockBytes);
  const members = [words(7), words(11)].map((block) =>
    Uint8Array.prototype.slice.call(output, 0, made.compress(block, output)),
  );
  const blob = Buffer.concat(members);
  const path = join(directory, 'blobs', hexOf(blob));
  writeFileSync(path, blob);
  const known = { table: join(directory, 'members'), blobs: join(directory, 'blobs') };
  const offsets = [0, members[0]?.length ?? 0];
  const note = (writer: string) =>
    noteMembers(
      known.table,
      digestFromHex(hexOf(blob)),
      members.map((member, index) => ({ ...memberAt(member, offsets[index] ?? 0), writer })),
    );
  const counts = { compressed: 0 };
  const inner = {
    writer: made.writer,
    compress(input: Uint8Array, into: Uint8Array) {
      counts.compressed++;
      return made.compress(input, into);
    },
  };
  const compressor = canReuse ? reusingCompressor(inner, { crc32, gunzip }, known) : inner;
  const compress = (block: Uint8Array) => {
    const into = new Uint8Array(compressedBlockBytes);
    return into.slice(0, compressor.compress(block, into));
  };
  return { compress, counts, note, members, path, known, writer: made.writer };
}

test('a block of an earlier blob is not compressed again: its member is taken over, byte for byte', () => {
  const { compress, counts, note, members, writer } = workshop();
  note(writer);
  expect(compress(words(11))).toEqual(members[1]);
  expect(compress(words(7))).toEqual(members[0]);
  expect(counts.compressed).toBe(canReuse ? 0 : 2);
});

test.each<[string, (bench: ReturnType<typeof workshop>) => void]>([
  ['nothing was noted', () => {}],
  ['another implementation or level wrote it', ({ note }) => note('libdeflate.so.0 level 9')],
  [
    'the blob was pruned',
    ({ note, writer, path }) => {
      note(writer);
      rmSync(path);
    },
  ],
  [
    'the blob was cut short',
    ({ note, writer, path }) => {
      note(writer);
      truncateSync(path, 1000);
    },
  ],
  [
    'a byte of it fell over',
    ({ note, writer, path }) => {
      note(writer);
      const bytes = readFileSync(path);
      bytes[5000] = ((bytes[5000] ?? 0) + 1) & 255;
      writeFileSync(path, bytes);
    },
  ],
  [
    'its header fell over',
    ({ note, writer, path }) => {
      note(writer);
      const bytes = readFileSync(path);
      bytes[5] = 1;
      writeFileSync(path, bytes);
    },
  ],
  [
    'the table says where something else lies',
    ({ members, known, path, writer }) => {
      const [first = new Uint8Array(), second = new Uint8Array()] = members;
      const lie = { ...memberAt(first, first.length), size: second.length, writer };
      noteMembers(known.table, digestFromHex(path.slice(-64)), [lie]);
    },
  ],
  ['the table is noise', ({ known }) => writeFileSync(known.table, Buffer.alloc(1 << 22, 0xa5))],
])('when %s, it is compressed', (_title, prepare) => {
  const bench = workshop();
  prepare(bench);
  expect(bench.compress(words(7))).toEqual(bench.members[0]);
  expect(bench.counts.compressed).toBe(1);
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
  const options = { compression: { algorithm: 'gzip' }, pool } as const;
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
