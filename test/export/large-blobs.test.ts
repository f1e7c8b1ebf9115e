/** Large blobs are copied into files by threads; what comes out is what it would be without. */
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BlobInfo, BlobStore } from '../../src/content/blob-store.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { type StreamDestination, writeStream } from '../../src/export/destination.ts';
import { type Piece, piecesOfBlob } from '../../src/export/pieces.ts';
import { compressPool } from '../../src/layer/compress/compress-pool.ts';

let directory: string;
let blobs: BlobStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-large-'));
  mkdirSync(join(directory, 'out'));
  blobs = openBlobStore(join(directory, 'store'), join(directory, 'ingest'));
});
afterEach(async () => {
  await compressPool().close();
  rmSync(directory, { recursive: true });
});

const never = new AbortController().signal;
const mebibyte = 1 << 20;
const contents = [9 * mebibyte, 3 * mebibyte, 20 * mebibyte + 7, 8 * mebibyte].map((size) =>
  randomBytes(size),
);
const between = Buffer.from('something small');

async function stored(): Promise<BlobInfo[]> {
  const infos: BlobInfo[] = [];
  for (const bytes of contents) infos.push(await blobs.put(bytes));
  return infos;
}

async function* archive(infos: readonly BlobInfo[]): AsyncGenerator<Piece> {
  for (const info of infos) {
    yield between;
    yield* piecesOfBlob(info, blobs);
  }
  yield between;
}
const whole = Buffer.concat([...contents.flatMap((bytes) => [between, bytes]), between]);

const target = () => join(directory, 'out', 'file');
const toFile = (): StreamDestination => ({ kind: 'file', path: target() });

test('everything is at its place', async () => {
  await writeStream(toFile(), archive(await stored()), never);
  expect(readFileSync(target()).equals(whole)).toBe(true);
});

test('a stream gets the same', async () => {
  const chunks: Uint8Array[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await writeStream({ kind: 'stream', stream }, archive(await stored()), never);
  expect(Buffer.concat(chunks).equals(whole)).toBe(true);
});

describe('what goes wrong leaves nothing behind', () => {
  const flip = (path: string, at: number) => {
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };
  test.each<[title: string, code: string, harm: (path: string) => void]>([
    ['a byte in the middle', 'blob-damaged', (path) => flip(path, 10 * mebibyte)],
    ['the last byte', 'blob-damaged', (path) => flip(path, 20 * mebibyte + 6)],
    ['a blob that was cut', 'blob-damaged', (path) => truncateSync(path, 19 * mebibyte)],
    ['a blob that is gone', 'blob-missing', (path) => rmSync(path)],
  ])('%s', async (_title, code, harm) => {
    const infos = await stored();
    const [, , large] = infos;
    if (large === undefined) throw new Error('there is a third one');
    harm(blobs.path(large.digest));
    await expect(writeStream(toFile(), archive(infos), never)).rejects.toMatchObject({ code });
    expect(readdirSync(join(directory, 'out'))).toEqual([]);
    expect(infos.map(({ digest }) => blobs.has(digest))).toEqual([true, true, false, true]);
    await blobs.put(contents[2] ?? between);
    await writeStream(toFile(), archive(infos), never);
    expect(readFileSync(target()).equals(whole)).toBe(true);
  });

  test('a person who stops it', async () => {
    const controller = new AbortController();
    async function* stopping(infos: readonly BlobInfo[]): AsyncGenerator<Piece> {
      yield* archive(infos);
      controller.abort();
    }
    await expect(writeStream(toFile(), stopping(await stored()), controller.signal)).rejects.toMatchObject({
      code: 'canceled',
    });
    expect(readdirSync(join(directory, 'out'))).toEqual([]);
  });
});
