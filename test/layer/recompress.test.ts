import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BlobStore } from '../../src/content/blob-store.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { digestFromHex } from '../../src/core/digest.ts';
import { recompressLayer } from '../../src/layer/recompress.ts';
import { mediaTypes } from '../../src/oci/descriptor.ts';

let directory: string;
let blobs: BlobStore;
const never = new AbortController().signal;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-recompress-'));
  blobs = openBlobStore(join(directory, 'layout'), join(directory, 'ingest'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const digestOf = (bytes: Uint8Array) => digestFromHex(createHash('sha256').update(bytes).digest('hex'));

/** What is in a layer does not matter here, only its bytes. */
async function store(tar: Uint8Array) {
  const descriptor = { mediaType: mediaTypes.ociLayerGzip, ...(await blobs.put(gzipSync(tar))) };
  return { descriptor, diffID: digestOf(tar) };
}

describe('recompressLayer keeps the tar', () => {
  test.each([
    ['a small one', 10_240],
    ['of one block', 1 << 20],
    ['of many blocks and a bit', (3 << 20) + 512],
  ])('%s', async (_title, size) => {
    const tar = Buffer.concat([Buffer.alloc(size / 2, 'a'), randomBytes(size / 2)]);
    const layer = await store(tar);
    const plain = await recompressLayer(layer, blobs, { algorithm: 'uncompressed' }, never);
    expect(plain).toEqual({
      layer: {
        descriptor: { mediaType: mediaTypes.ociLayer, digest: layer.diffID, size },
        diffID: layer.diffID,
      },
      writer: 'none',
    });
    const small = await recompressLayer(plain.layer, blobs, { algorithm: 'gzip', level: 9 }, never);
    expect(small.layer.descriptor.mediaType).toBe(mediaTypes.ociLayerGzip);
    expect(gunzipSync(readFileSync(blobs.path(small.layer.descriptor.digest))).equals(tar)).toBe(true);
    expect(small.writer).toMatch(/ level 9$/);
  });
});

test('a layer that is not what its image says is refused, and leaves nothing', async () => {
  const layer = { ...(await store(Buffer.alloc(2048))), diffID: digestOf(Buffer.from('other')) };
  await expect(recompressLayer(layer, blobs, { algorithm: 'gzip' }, never)).rejects.toMatchObject({
    code: 'diff-id-mismatch',
  });
  expect([blobs.list().length, readdirSync(join(directory, 'ingest'))]).toEqual([1, []]);
});

test('it stops when it is told to', async () => {
  const layer = await store(randomBytes(3 << 20));
  await expect(
    recompressLayer(layer, blobs, { algorithm: 'gzip' }, AbortSignal.abort()),
  ).rejects.toMatchObject({ code: 'canceled' });
  expect(readdirSync(join(directory, 'ingest'))).toEqual([]);
});
