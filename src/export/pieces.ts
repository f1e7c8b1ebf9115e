/** What an output is made of, piece after piece: bytes, and large blobs that need not pass through this thread. */
import type { BlobInfo, BlobReader } from '../content/blob-store.ts';
import { type BlobDigest, digestFromHex } from '../core/digest.ts';
import { compressPool } from '../layer/compress/compress-pool.ts';

export interface BlobPiece {
  readonly size: number;
  /** @throws IntegrityError `blob-missing`, `blob-damaged` */
  open(): AsyncIterable<Uint8Array>;
  /**
   * Has a thread write it into a file, from `position` on. It is verified on the way: when this fails, what was written
   * is to be thrown away.
   * @throws IntegrityError `blob-missing`, `blob-damaged`; a system error; the reason of `signal`
   */
  copy(to: number, position: number, signal: AbortSignal): Promise<void>;
}

export type Piece = Uint8Array | BlobPiece;

/** Smaller blobs are read sooner than threads have started. */
const largeBytes = 8 << 20;

/** A blob of an output. @throws IntegrityError `blob-missing`, `blob-damaged` */
export async function* piecesOfBlob(blob: BlobInfo, blobs: BlobReader): AsyncGenerator<Piece> {
  const { size } = blob;
  const { open, lend } = blobs;
  if (lend === undefined || size < largeBytes) {
    yield* open(blob);
    return;
  }
  yield {
    size,
    open: () => open(blob),
    copy: (to, position, signal) => lend(blob, (from) => copyHashed(from, size, to, position, signal)),
  };
}

/** The same as bytes alone. @throws IntegrityError `blob-missing`, `blob-damaged` */
export async function* bytesOf(pieces: AsyncIterable<Piece>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else yield* piece.open();
  }
}

/** What a thread copies before it is asked whether to go on. */
const partBytes = 4 << 20;

async function copyHashed(
  from: number,
  size: number,
  to: number,
  position: number,
  signal: AbortSignal,
): Promise<BlobDigest> {
  const hasher = compressPool().hasher();
  try {
    for (let start = 0; start < size; start += partBytes) {
      signal.throwIfAborted();
      const length = Math.min(partBytes, size - start);
      await hasher.copy({ from, start, length, to, position: position + start });
    }
    return digestFromHex(await hasher.digest());
  } catch (error) {
    // The thread need not keep what it knows of it.
    hasher.digest().catch(() => undefined);
    throw error;
  }
}
