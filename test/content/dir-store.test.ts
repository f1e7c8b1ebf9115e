import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobInfo, BlobStore } from '../../src/content/blob-store.ts';
import { openLayoutBlobs } from '../../src/content/dir-reader.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { digestHex } from '../../src/core/digest.ts';

let directory: string;
let blobs: BlobStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-content-'));
  blobs = openBlobStore(join(directory, 'images'), join(directory, 'ingest'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as BlobInfo['digest'];

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function ingested(): string[] {
  return readdirSync(join(directory, 'ingest'));
}

describe('a blob that is written', () => {
  it.each([
    ['nothing', 0, 1],
    ['a few bytes', 10, 3],
    ['many small chunks', 3_000_000, 7_001],
    ['chunks of a network', 5_000_000, 65_536],
    ['large chunks', 5_000_000, 1 << 20],
    ['one chunk', 3_000_000, 3_000_000],
    ['so much that it is flushed meanwhile', 40_000_000, 1 << 20],
  ])('comes back whole: %s', async (_title, size, step) => {
    const bytes = randomBytes(size);
    const writer = await blobs.create();
    const chunk = Buffer.alloc(step);
    for (let at = 0; at < size; at += step) {
      // Reused for each write, as a reader with one buffer does.
      const length = bytes.copy(chunk, 0, at, at + step);
      await writer.write(chunk.subarray(0, length));
    }
    expect(writer.size).toBe(size);
    const info = await writer.commit({ digest: digestOf(bytes), size });
    expect(info).toEqual({ digest: digestOf(bytes), size });
    expect((await readAll(blobs.open(info))).equals(bytes)).toBe(true);
    expect(ingested()).toEqual([]);
  });

  it('keeps its order when the caller does not wait', async () => {
    const parts = Array.from({ length: 40 }, (_, i) => randomBytes(i % 2 === 0 ? 300_000 : 50_000));
    const writer = await blobs.create();
    for (const part of parts) void writer.write(part);
    const info = await writer.commit();
    expect((await readAll(blobs.open(info))).equals(Buffer.concat(parts))).toBe(true);
  });

  it('is seen by nobody before commit', async () => {
    const bytes = Buffer.from('later');
    const writer = await blobs.create();
    await writer.write(bytes);
    expect([blobs.has(digestOf(bytes)), blobs.list()]).toEqual([false, []]);
    await writer.commit();
    expect(blobs.list()).toEqual([{ digest: digestOf(bytes), size: 5 }]);
    await writer.abort();
    expect(blobs.has(digestOf(bytes))).toBe(true);
  });

  it('vanishes when aborted', async () => {
    const writer = await blobs.create();
    await writer.write(randomBytes(2_000_000));
    await writer.abort();
    expect([ingested(), blobs.list()]).toEqual([[], []]);
  });

  it.each([
    ['digest', { digest: digestOf(Buffer.from('other')) }, 'digest-mismatch'],
    ['size', { size: 4 }, 'size-mismatch'],
  ])('is refused for a wrong %s', async (_title, want, code) => {
    const writer = await blobs.create();
    await writer.write(Buffer.from('bytes'));
    await expect(writer.commit(want)).rejects.toMatchObject({ code });
    expect([ingested(), blobs.list()]).toEqual([[], []]);
  });

  it('replaces a damaged one of the same name', async () => {
    const bytes = Buffer.from('sound');
    const info = await blobs.put(bytes);
    writeFileSync(blobs.path(info.digest), 'uound');
    await blobs.put(bytes);
    expect(readFileSync(blobs.path(info.digest), 'utf8')).toBe('sound');
  });

  it('is not written again when it is there', async () => {
    const info = await blobs.put(Buffer.from('same'));
    const before = statSync(blobs.path(info.digest)).ino;
    await blobs.put(Buffer.from('same'));
    expect(statSync(blobs.path(info.digest)).ino).toBe(before);
  });
});

describe('a blob that is damaged', () => {
  const flip = (path: string) => {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };
  it.each([
    ['a flipped byte', flip, /want sha256:[0-9a-f]{64}, got sha256:[0-9a-f]{64}/],
    ['cut short', (path: string) => truncateSync(path, 2_000_000), /it has 2000000 bytes, not 2500000/],
    ['emptied', (path: string) => truncateSync(path, 0), /it has 0 bytes, not 2500000/],
    ['grown', (path: string) => appendFileSync(path, 'x'), /it has 2500001 bytes/],
  ])('is found, named and removed: %s', async (_title, damage, message) => {
    const info = await blobs.put(randomBytes(2_500_000));
    damage(blobs.path(info.digest));
    await expect(readAll(blobs.open(info))).rejects.toMatchObject({
      code: 'blob-damaged',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('pulled or made anew'),
    });
    expect(blobs.has(info.digest)).toBe(false);
    await expect(readAll(blobs.open(info))).rejects.toMatchObject({ code: 'blob-missing' });
  });

  it('is found when it is read whole', async () => {
    const info = await blobs.put(Buffer.from('{}'));
    writeFileSync(blobs.path(info.digest), '[]');
    await expect(blobs.read(info)).rejects.toMatchObject({ code: 'blob-damaged' });
    expect(blobs.list()).toEqual([]);
  });
});

describe('a layout that is not ours', () => {
  it('is read and verified, and keeps what is damaged', async () => {
    const [sound, other] = [await blobs.put(Buffer.from('sound')), await blobs.put(Buffer.from('other'))];
    writeFileSync(blobs.path(other.digest), 'OTHER');
    const layout = openLayoutBlobs(join(directory, 'images'));
    expect(Buffer.from(await layout.read(sound)).toString()).toBe('sound');
    await expect(layout.read(other)).rejects.toMatchObject({
      code: 'blob-damaged',
      hint: `make or copy ${join(directory, 'images')} anew`,
    });
    expect(readFileSync(layout.path(other.digest), 'utf8')).toBe('OTHER');
  });

  it('is not made', async () => {
    const layout = openLayoutBlobs(join(directory, 'nowhere'));
    const digest = digestOf(Buffer.from('x'));
    expect(layout.has(digest)).toBe(false);
    await expect(layout.read({ digest, size: 1 })).rejects.toMatchObject({ code: 'blob-missing' });
    expect(readdirSync(directory).sort()).toEqual(['images', 'ingest']);
  });
});

describe('the store', () => {
  it('reads small blobs only up to a limit', async () => {
    const info = await blobs.put(Buffer.from('0123456789'));
    expect(Buffer.from(await blobs.read(info, 10)).toString()).toBe('0123456789');
    await expect(blobs.read(info, 9)).rejects.toMatchObject({ code: 'blob-too-large' });
  });

  it('stays open to a reader that stops in the middle', async () => {
    const info = await blobs.put(randomBytes(3_000_000));
    for await (const chunk of blobs.open(info)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(blobs.has(info.digest)).toBe(true);
  });

  it('lists and removes what has a digest for a name', async () => {
    const [a, b] = [await blobs.put(Buffer.from('a')), await blobs.put(Buffer.from('bb'))];
    mkdirSync(join(directory, 'images/blobs/sha256/stray'));
    const sorted = [a, b].sort((x, y) => (x.digest < y.digest ? -1 : 1));
    expect(blobs.list()).toEqual(sorted);
    await blobs.remove(a.digest);
    await blobs.remove(a.digest);
    expect([blobs.has(a.digest), blobs.size(a.digest), blobs.size(b.digest)]).toEqual([false, undefined, 2]);
  });

  it('is an OCI image layout', () => {
    expect(readFileSync(join(directory, 'images/oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    const digest = `sha256:${'a'.repeat(64)}` as const;
    expect(blobs.path(digest)).toBe(join(directory, 'images/blobs/sha256', digestHex(digest)));
  });

  it('mends a marker that was cut short and refuses one it does not know', () => {
    const marker = join(directory, 'images/oci-layout');
    const open = () => openBlobStore(join(directory, 'images'), join(directory, 'ingest'));
    writeFileSync(marker, '{"imag');
    open();
    expect(readFileSync(marker, 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(marker, '{"imageLayoutVersion":"9"}');
    expect(open).toThrow(expect.objectContaining({ code: 'foreign-layout' }));
  });
});
