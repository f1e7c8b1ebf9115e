/** How an output gets into a file that is open. */
import { closeSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { Limiter } from '../core/limiter.ts';
import type { Piece } from './pieces.ts';

/** Writes each chunk while the next one is made, and closes the file, which may be a pipe. */
export async function writeBytes(
  fd: number,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  let writing = Promise.resolve();
  try {
    for await (const chunk of chunks) {
      await writing;
      signal.throwIfAborted();
      writing = writeAll(fd, chunk);
      // Reported when it is waited for.
      writing.catch(() => undefined);
    }
    await writing;
  } finally {
    await writing.catch(() => undefined);
    closeSync(fd);
  }
}

/** One is copied as fast as one thread hashes. */
const copiesAtOnce = 2;

/** As `writeBytes` into a file that is empty: threads copy large blobs, while what stands around them is written. */
export async function placePieces(
  fd: number,
  pieces: AsyncIterable<Piece>,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const limiter = new Limiter(copiesAtOnce);
  const copies: Promise<void>[] = [];
  let position = 0;
  let writing = Promise.resolve();
  try {
    for await (const piece of pieces) {
      await writing;
      either.throwIfAborted();
      const start = position;
      if (piece instanceof Uint8Array) {
        position += piece.length;
        writing = writeAll(fd, piece, start);
        writing.catch(() => undefined);
      } else {
        position += piece.size;
        const copied = limiter.run(() => piece.copy(fd, start, either));
        // The others need not go on; the error is met below.
        copied.catch((error: unknown) => stop.abort(error));
        copies.push(copied);
      }
    }
    await writing;
    await Promise.all(copies);
  } finally {
    stop.abort();
    // Nothing may write to a descriptor that is closed, or already another file's.
    await Promise.allSettled([writing, ...copies]);
    closeSync(fd);
  }
}

const writeLater = promisify(write);

/** @param position in the file; without one where it stands, as a pipe wants it */
async function writeAll(fd: number, chunk: Uint8Array, position?: number): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const place = position === undefined ? null : position + at;
    at += (await writeLater(fd, chunk, at, chunk.length - at, place)).bytesWritten;
  }
}
