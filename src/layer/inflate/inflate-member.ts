import { createRequire } from 'node:module';
import type { Inflate } from 'zlib-sync';
import { gzipMemberEnd, trailerBytes } from './gzip-member.ts';

type ZlibSync = typeof import('zlib-sync');
type Chunks = AsyncIterable<Uint8Array>;

/** Inflates to 16 MiB at most, however hard it tries: zlib-sync returns all of it at once. */
const pieceBytes = 1 << 14;
const outputBytes = 1 << 18;
const gzipFormat = 31;
const empty = Buffer.alloc(0);

/**
 * Yields what the first member of a gzip stream holds, inflated synchronously by zlib-sync, which is
 * faster than a stream of Node's. Returns what follows the member; where zlib-sync is not installed, or
 * not built, that is everything.
 */
export async function* inflateMember(blob: Chunks): AsyncGenerator<Uint8Array, Chunks, undefined> {
  const library = loadZlibSync();
  if (library === undefined) return blob;
  const member = new MemberInflater(library);
  const source = blob[Symbol.asyncIterator]();
  let isHandedOver = false;
  try {
    for (let next = await source.next(); !next.done; next = await source.next()) {
      const chunk = next.value;
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        yield member.push(chunk.subarray(at, at + pieceBytes));
        if (member.end === undefined) continue;
        isHandedOver = true;
        return startingWith(chunk.subarray(at + member.end), source);
      }
    }
    for (let output = member.push(empty); output.length > 0; output = member.push(empty)) yield output;
    if (member.end === undefined) throw decompressionError('Z_BUF_ERROR', 'unexpected end of file');
    return startingWith(empty, source);
  } finally {
    if (!isHandedOver) await source.return?.();
  }
}

class MemberInflater {
  readonly #library: ZlibSync;
  readonly #inflate: Inflate;
  #size = 0;
  /** The bytes just before the next piece: a trailer may be cut in two. */
  #before: Buffer = empty;
  /** Where in the last piece the member ended. */
  end: number | undefined;

  constructor(library: ZlibSync) {
    this.#library = library;
    this.#inflate = new library.Inflate({ chunkSize: outputBytes, windowBits: gzipFormat });
  }

  push(bytes: Uint8Array): Uint8Array {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#inflate.push(piece, this.#library.Z_SYNC_FLUSH);
    const { err, msg, result } = this.#inflate;
    // No progress is no error: there was nothing to do.
    if (err < 0 && err !== this.#library.Z_BUF_ERROR)
      throw decompressionError('Z_DATA_ERROR', msg ?? `${err}`);
    const output = Buffer.isBuffer(result) ? result : empty;
    this.#size += output.length;
    if (err === this.#library.Z_STREAM_END) {
      this.end = gzipMemberEnd(Buffer.concat([this.#before, piece]), this.#size) - this.#before.length;
    }
    this.#before = Buffer.concat([this.#before, piece.subarray(-trailerBytes)]).subarray(-trailerBytes);
    return output;
  }
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): Chunks {
  try {
    if (first.length > 0) yield first;
    yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    await rest.return?.();
  }
}

let loaded: { readonly library: ZlibSync | undefined } | undefined;

function loadZlibSync(): ZlibSync | undefined {
  if (loaded === undefined) {
    try {
      loaded = { library: createRequire(import.meta.url)('zlib-sync') as ZlibSync };
    } catch {
      // An optional dependency: building it takes a compiler.
      loaded = { library: undefined };
    }
  }
  return loaded.library;
}

/** In the form of Node's own. */
function decompressionError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
