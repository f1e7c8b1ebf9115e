/** Decompresses layer blobs, whatever they were compressed with. */
import { createRequire } from 'node:module';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { IntegrityError, systemCode } from '../../core/errors.ts';
import type { Compression } from '../../oci/media-type.ts';
import { loadZstd, type ZstdInflater } from '../../sys/compression/zstd.ts';
import { zstdMissing } from '../compression.ts';
import { inflateMember } from './inflate-member.ts';

type Chunks = AsyncIterable<Uint8Array>;

const outputBytes = 1 << 18;

/**
 * The tar in a layer blob. How it is compressed is told by its first bytes: media types have been wrong
 * about it, and the diffID is the judge. The blob is read to its end, so that its own digest is verified.
 * @param said where the blob has to be compressed like this, and not in another way that can be read as well
 * @throws IntegrityError `layer-bad-compression`; HostError `zstd-missing`; what reading the blob throws
 */
export async function* inflateLayer(
  blob: Chunks,
  said?: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, whole } = await peek(blob);
  const found = compressionOf(head);
  try {
    // Only the end of the blob tells whether its bytes are what their name says.
    if (said !== undefined && said !== found) {
      for await (const _ of whole);
      throw new IntegrityError('layer-bad-compression', `a layer should be ${said}, and is ${found}`);
    }
    if (found === 'gzip') yield* inflateGzip(whole);
    else if (found === 'zstd') yield* inflateZstd(whole);
    else yield* whole;
  } catch (error) {
    const code = systemCode(error);
    if (!(error instanceof Error) || code === undefined || !/^(Z|ZSTD|ERR_ZSTD)_/.test(code)) throw error;
    throw new IntegrityError('layer-bad-compression', `a layer cannot be decompressed: ${error.message}`, {
      hint: 'the blob is not what its maker wrote: pull or build the image again',
      cause: error,
    });
  }
}

/** What the first bytes of a blob, four or more and in hex, tell of it. */
export function compressionOf(head: string): Compression {
  if (head.startsWith('1f8b')) return 'gzip';
  return /^(28b52ffd|5.2a4d18)/.test(head) ? 'zstd' : 'uncompressed';
}

async function* inflateGzip(blob: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  // zlib-sync knows one member only; layers packed in parallel have many.
  const rest = yield* inflateMember(blob);
  const { head, whole } = await peek(rest);
  if (head.startsWith('1f8b')) yield* through(createGunzip({ chunkSize: outputBytes }), whole);
  // gzip(1) ignores what is no member: padding, mostly.
  else for await (const _ of whole);
}

/** The first four bytes in hex, and all bytes from the beginning. */
async function peek(blob: Chunks): Promise<{ readonly head: string; readonly whole: Chunks }> {
  const source = blob[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  while (start.length < 4) {
    const { done, value } = await source.next();
    if (done) break;
    start =
      start.length === 0
        ? Buffer.from(value.buffer, value.byteOffset, value.length)
        : Buffer.concat([start, value]);
  }
  async function* whole() {
    try {
      if (start.length > 0) yield start;
      yield* { [Symbol.asyncIterator]: () => source };
    } finally {
      await source.return?.();
    }
  }
  return { head: start.toString('hex', 0, 4), whole: whole() };
}

async function* through(transform: Duplex, blob: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  const feeding = pipeline(Readable.from(blob, { objectMode: false }), transform);
  // Whatever fails on the way in comes out of the transform too.
  feeding.catch(() => undefined);
  yield* transform;
  await feeding;
}

async function* inflateZstd(blob: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  // Node 22.15 brought it; the types are those of Node 20.
  const zlib: { createZstdDecompress?: () => Duplex } = createRequire(import.meta.url)('node:zlib');
  if (zlib.createZstdDecompress !== undefined) return yield* through(zlib.createZstdDecompress(), blob);
  const library = loadZstd();
  if (library === undefined) throw zstdMissing();
  yield* inflateWith(library.openInflater(), blob);
}

async function* inflateWith(
  inflater: ZstdInflater,
  blob: Chunks,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of blob) yield* inflater.push(chunk);
    inflater.end();
  } finally {
    inflater.close();
  }
}
