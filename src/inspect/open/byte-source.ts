import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { inflateLayer } from '../../layer/inflate/inflate.ts';

/** Bytes that can be read from any place on, flat in memory. */
export interface ByteSource {
  /** Undefined where nobody knows before the end is reached. */
  readonly size: number | undefined;
  /** `length` bytes, fewer only at the end. */
  read(offset: number, length: number): Promise<Buffer>;
  /** The bytes from `offset` on, fewer than `length` only at the end. */
  stream(offset: number, length: number): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

const chunkBytes = 1 << 20;
const magicBytes = 4;

/** Opens a file; one that is compressed as a whole (gzip, zstd) is read as what it holds. */
export async function openByteSource(path: string): Promise<ByteSource> {
  const file = await open(path, 'r');
  const plain = fileSource(file, (await file.stat()).size);
  const magic = (await plain.read(0, magicBytes)).toString('hex');
  if (!/^(1f8b|28b52ffd)/.test(magic)) return plain;
  await plain.close();
  return inflatedSource(path);
}

function fileSource(file: FileHandle, size: number): ByteSource {
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, size - offset)));
    let done = 0;
    while (done < buffer.length) {
      const { bytesRead } = await file.read(buffer, done, buffer.length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  };
  return {
    size,
    read,
    async *stream(offset, length) {
      for (let at = offset; at < offset + length; ) {
        const chunk = await read(at, Math.min(chunkBytes, offset + length - at));
        if (chunk.length === 0) return;
        yield chunk;
        at += chunk.length;
      }
    },
    close: () => file.close(),
  };
}

/**
 * A compressed stream can be read forwards only: going back starts over. What is asked for in ascending
 * order costs one pass.
 */
function inflatedSource(path: string): ByteSource {
  /** Where the last reader stopped. A second one at the same time starts from the beginning. */
  let idle = startInflating(path);

  async function* stream(offset: number, length: number): AsyncGenerator<Uint8Array, void, undefined> {
    let cursor = idle;
    idle = startInflating(path);
    if (cursor.at > offset) {
      await cursor.chunks.return();
      cursor = startInflating(path);
    }
    try {
      for (let left = length; left > 0; ) {
        if (cursor.rest.length === 0) {
          const next = await cursor.chunks.next();
          if (next.done) return;
          cursor.rest = next.value;
        }
        const start = Math.min(cursor.rest.length, Math.max(0, offset - cursor.at));
        const piece = cursor.rest.subarray(start, start + left);
        cursor.at += start + piece.length;
        cursor.rest = cursor.rest.subarray(start + piece.length);
        left -= piece.length;
        if (piece.length > 0) yield piece;
      }
    } finally {
      const other = idle;
      idle = cursor;
      await other.chunks.return();
    }
  }

  return {
    size: undefined,
    async read(offset, length) {
      const pieces: Uint8Array[] = [];
      for await (const piece of stream(offset, length)) pieces.push(Uint8Array.from(piece));
      return Buffer.concat(pieces);
    },
    stream,
    async close() {
      await idle.chunks.return();
    },
  };
}

interface InflatingCursor {
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  /** Bytes that were inflated and not asked for yet; they begin at `at`. */
  rest: Uint8Array;
  at: number;
}

function startInflating(path: string): InflatingCursor {
  return { chunks: inflate(path), rest: new Uint8Array(), at: 0 };
}

/** Opens the file when the first bytes are asked for. */
async function* inflate(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield* inflateLayer(createReadStream(path, { highWaterMark: chunkBytes }));
}
