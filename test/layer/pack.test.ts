import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlobStore } from '../../src/content/blob-store.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { CompressPool } from '../../src/layer/compress/compress-pool.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';
import { packLayer } from '../../src/layer/pack.ts';
import { entryOf, readArchive } from '../tar/archive.ts';

let directory: string;
let blobs: BlobStore;
const pools: CompressPool[] = [];
const poolOf = (width: number) => {
  const pool = new CompressPool(width);
  pools.push(pool);
  return pool;
};
const gzip = { algorithm: 'gzip' } as const;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-pack-'));
  blobs = openBlobStore(join(directory, 'layout'), join(directory, 'ingest'));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  rmSync(directory, { recursive: true });
});

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const inMemory = (path: string, bytes: Uint8Array): LayerEntry => ({
  ...entryOf({ path, size: bytes.length }),
  content: { kind: 'bytes', bytes },
});
/** Compresses to about a half. */
const text = (length: number, seed = 1) => {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = 0x61 + ((state >>> 16) & 15);
  }
  return bytes;
};

async function packed(entries: Iterable<LayerEntry>, pool = poolOf(2)) {
  const result = await packLayer(entries, blobs, { compression: gzip, pool });
  const blob = readFileSync(blobs.path(result.layer.descriptor.digest));
  const tar = gunzipSync(blob);
  expect(result.layer.descriptor.size).toBe(blob.length);
  expect(result.layer.diffID).toBe(sha256(tar));
  return { ...result, blob, tar };
}

test('no entries: two blocks of zeros, whose digest everybody knows', async () => {
  const { layer, tar } = await packed([]);
  expect(tar.length).toBe(1024);
  expect(layer.diffID).toBe('sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef');
  expect(layer.descriptor.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip');
});

test('members, the root and deletions', async () => {
  const path = join(directory, 'source');
  writeFileSync(path, text(3000));
  const { tar } = await packed([
    entryOf({ path: '', type: 'directory', mode: 0o711 }),
    entryOf({ path: 'd', type: 'directory', mode: 0o755 }),
    { type: 'delete', path: 'd/gone' },
    {
      ...entryOf({ path: 'd/file', size: 3000 }),
      content: { kind: 'file', open: () => openSync(path, 'r') },
    },
    inMemory('d/inline', Buffer.from('hello')),
    entryOf({ path: 'd/empty' }),
    { type: 'delete', path: 'top' },
  ]);
  const plain = { mode: 0, mtime: { seconds: 0, nanoseconds: 0 } };
  expect(readArchive(tar)).toEqual([
    { entry: entryOf({ path: '.', type: 'directory', mode: 0o711 }), content: Buffer.alloc(0) },
    { entry: entryOf({ path: 'd', type: 'directory', mode: 0o755 }), content: Buffer.alloc(0) },
    { entry: entryOf({ path: 'd/.wh.gone', ...plain }), content: Buffer.alloc(0) },
    { entry: entryOf({ path: 'd/file', size: 3000 }), content: text(3000) },
    { entry: entryOf({ path: 'd/inline', size: 5 }), content: Buffer.from('hello') },
    { entry: entryOf({ path: 'd/empty' }), content: Buffer.alloc(0) },
    { entry: entryOf({ path: '.wh.top', ...plain }), content: Buffer.alloc(0) },
  ]);
});

/** Layers around the edges of blocks: header and trailer take 1.5 KiB. */
const mebibyte = 1 << 20;
const sizes = [mebibyte - 1536, mebibyte - 1535, mebibyte - 512, mebibyte, 3 * mebibyte - 1536, 5_000_000];

test.each(sizes)('a file of %i bytes comes back whole', async (size) => {
  const { tar, blob } = await packed([inMemory('f', text(size))], poolOf(1));
  expect(readArchive(tar)[0]?.content.equals(text(size))).toBe(true);
  // Every mebibyte of tar is a gzip member of its own.
  expect(memberSizes(blob)).toEqual([
    ...new Array<number>(Math.floor(tar.length / mebibyte)).fill(mebibyte),
    ...(tar.length % mebibyte === 0 ? [] : [tar.length % mebibyte]),
  ]);
});

/** Uncompressed sizes of the gzip members, found by unpacking from every header on. */
function memberSizes(blob: Buffer): number[] {
  const magic = Buffer.from('1f8b0800000000', 'hex');
  const starts: number[] = [];
  for (let at = blob.indexOf(magic); at >= 0; at = blob.indexOf(magic, at + 1)) {
    if (blob[at + 9] === 255) starts.push(at);
  }
  return starts.map((start, index) => gunzipSync(blob.subarray(start, starts[index + 1])).length);
}

describe('the same bytes', () => {
  const entries = () => [0, 1, 2, 3].map((seed) => inMemory(`f${seed}`, text(1_500_000, seed)));

  test('for any number of threads', async () => {
    const results = await Promise.all([1, 2, 3].map((width) => packed(entries(), poolOf(width))));
    expect(new Set(results.map(({ layer }) => layer.descriptor.digest)).size).toBe(1);
  });

  test('with threads running already or none needed', async () => {
    const pool = poolOf(1);
    const cold = await packed([inMemory('f', text(10_000))], pool);
    expect(pool.isRunning).toBe(false);
    await packed(entries(), pool);
    expect(pool.isRunning).toBe(true);
    const warm = await packed([inMemory('f', text(10_000))], pool);
    expect(warm.layer).toEqual(cold.layer);
  });

  test('when many layers share one small pool', async () => {
    const pool = poolOf(1);
    const results = await Promise.all(Array.from({ length: 12 }, () => packed(entries(), pool)));
    expect(new Set(results.map(({ layer }) => layer.descriptor.digest)).size).toBe(1);
  });
});

test('what does not compress is stored, at once', async () => {
  const bytes = randomBytes(3_000_000);
  const { blob, tar } = await packed([inMemory('f', bytes)]);
  expect(blob.length).toBeGreaterThan(tar.length);
  expect(blob.length).toBeLessThan(tar.length + 1000);
});

test('without compression the blob is the tar', async () => {
  const { layer, writer } = await packLayer([inMemory('f', text(2_000_000))], blobs, {
    compression: { algorithm: 'uncompressed' },
  });
  expect(layer.descriptor.digest).toBe(layer.diffID);
  expect(layer.descriptor.mediaType).toBe('application/vnd.oci.image.layer.v1.tar');
  expect(writer).toBe('none');
  expect(readArchive(readFileSync(blobs.path(layer.descriptor.digest)))).toHaveLength(1);
});

test('gzip and GNU tar read the blob', async () => {
  const { layer } = await packed([inMemory('a', text(1_500_000)), inMemory('b', text(1_000_000))]);
  const listing = execFileSync('tar', ['-tzf', blobs.path(layer.descriptor.digest)], { encoding: 'utf8' });
  expect(listing).toBe('a\nb\n');
});

describe('what goes wrong', () => {
  const leftovers = () => readdirSync(join(directory, 'ingest'));
  const failing = (entries: Iterable<LayerEntry>, code: string) =>
    expect(packLayer(entries, blobs, { compression: gzip, pool })).rejects.toMatchObject({ code });
  let pool: CompressPool;
  beforeAll(() => {
    pool = poolOf(1);
  });

  const onDisk = (size: number, claimed: number): LayerEntry => {
    const path = join(directory, `changing-${size}-${claimed}`);
    writeFileSync(path, Buffer.alloc(size));
    return {
      ...entryOf({ path: 'srv/log', size: claimed }),
      content: { kind: 'file', open: () => openSync(path, 'r') },
    };
  };

  test.each([
    [10, 11],
    [0, 1],
    [11, 10],
    [mebibyte, mebibyte - 1],
    [mebibyte - 512, mebibyte - 511],
    [mebibyte - 511, mebibyte - 512],
    [mebibyte - 100, mebibyte],
  ])('a file of %i bytes that should have %i', async (size, claimed) => {
    await failing([onDisk(size, claimed)], 'file-changed');
    expect(leftovers()).toEqual([]);
  });

  test('the message names the file', async () => {
    const packing = packLayer([onDisk(10, 11)], blobs, { compression: gzip, pool });
    await expect(packing).rejects.toThrow('"/srv/log" shrank while it was read');
  });

  test.each(['.wh.x', 'd/.wh.x', 'd/.wh..wh..opq'])('a real file called %s', async (path) => {
    await failing([inMemory(path, Buffer.alloc(1))], 'reserved-name');
  });

  test('canceled in the middle', async () => {
    const controller = new AbortController();
    function* entries(): Generator<LayerEntry> {
      for (let index = 0; index < 100; index++) {
        if (index === 5) controller.abort();
        yield inMemory(`f${index}`, text(700_000));
      }
    }
    const packing = packLayer(entries(), blobs, { compression: gzip, pool, signal: controller.signal });
    await expect(packing).rejects.toMatchObject({ code: 'canceled' });
    expect(leftovers()).toEqual([]);
  });

  test('a producer that throws is told, and told to clean up when others do', async () => {
    let cleaned = 0;
    function* entries(last: () => LayerEntry): Generator<LayerEntry> {
      try {
        yield inMemory('a', text(3_000_000));
        yield last();
      } finally {
        cleaned++;
      }
    }
    const thrower = () => {
      throw new Error('no such directory');
    };
    await expect(packLayer(entries(thrower), blobs, { compression: gzip, pool })).rejects.toThrow(
      'no such directory',
    );
    await failing(
      entries(() => inMemory('.wh.b', Buffer.alloc(0))),
      'reserved-name',
    );
    expect(cleaned).toBe(2);
  });

  test('a disk that is full: the blocks come back for the next layer', async () => {
    const full: BlobStore = {
      ...blobs,
      create: async () => ({
        size: 0,
        write: async () => {
          throw new Error('no space left');
        },
        commit: () => Promise.reject(new Error('never')),
        abort: async () => {},
      }),
    };
    for (let round = 0; round < 8; round++) {
      const packing = packLayer([inMemory('a', text(4_000_000))], full, { compression: gzip, pool });
      await expect(packing).rejects.toThrow('no space left');
    }
    await packed([inMemory('a', text(4_000_000))], pool);
  });
});
