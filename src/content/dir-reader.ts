import { closeSync, fstatSync, openSync, read, readSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { BlobDigest } from '../core/digest.ts';
import { IntegrityError, systemCode } from '../core/errors.ts';
import { documentLimit } from '../oci/json.ts';
import type { BlobInfo, BlobReader } from './blob-store.ts';
import { blobPath } from './layout.ts';
import { checkBlob, verifiedStream } from './verified-stream.ts';

const readBytes = 1 << 20;

/** What is done with blobs that cannot be read; each gives the hint for the error. */
export interface OnBadBlob {
  /** It is not what its name says. */
  damaged(digest: BlobDigest, inode: number, message: string): string;
  missing(digest: BlobDigest): string;
}

/** The blobs of somebody's OCI image layout, which stays as it is whatever is found in it. */
export function openLayoutBlobs(layoutDirectory: string): BlobReader {
  return blobReader(layoutDirectory, {
    damaged: () => `make or copy ${layoutDirectory} anew`,
    missing: () => missingHint,
  });
}

export const missingHint = 'what names it is incomplete: pull, copy or build it anew';

/** Reads the blobs of an OCI image layout, leaving bad ones to `onBad`. */
export function blobReader(layoutDirectory: string, onBad: OnBadBlob): BlobReader {
  const pathOf: BlobReader['path'] = (digest) => blobPath(layoutDirectory, digest);
  const sizeOf: BlobReader['size'] = (digest) => {
    const stat = statSync(pathOf(digest), { throwIfNoEntry: false });
    return stat?.isFile() === true ? stat.size : undefined;
  };
  const openVerified = (info: BlobInfo) => readVerified(pathOf(info.digest), info, onBad);
  return {
    has: (digest) => sizeOf(digest) !== undefined,
    size: sizeOf,
    path: pathOf,
    open: openVerified,
    async lend(info, read) {
      const { descriptor, damaged } = openExisting(pathOf(info.digest), info, onBad);
      try {
        // What went wrong elsewhere says nothing of this blob.
        const digest = await read(descriptor);
        try {
          checkBlob(info, { digest, size: info.size });
        } catch (error) {
          throw damaged(error);
        }
      } finally {
        closeSync(descriptor);
      }
    },
    async read(info, limit = documentLimit) {
      if (info.size > limit) {
        throw new IntegrityError(
          'blob-too-large',
          `${info.digest} should be a small document and claims ${info.size} bytes (the limit is ${limit})`,
        );
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of openVerified(info)) chunks.push(chunk);
      return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    },
  };
}

async function* readVerified(
  path: string,
  want: BlobInfo,
  onBad: OnBadBlob,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { descriptor, damaged } = openExisting(path, want, onBad);
  try {
    yield* verifiedStream(chunksOf(descriptor, want.size), want);
  } catch (error) {
    throw damaged(error);
  } finally {
    closeSync(descriptor);
  }
}

interface OpenBlob {
  readonly descriptor: number;
  /** What to throw when reading it failed: a blob with other bytes than it should have is left to `onBad`. */
  damaged(error: unknown): unknown;
}

/** Opens a blob that has the size it should have. */
function openExisting(path: string, want: BlobInfo, onBad: OnBadBlob): OpenBlob {
  const { digest } = want;
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new IntegrityError('blob-missing', `the blob ${digest} is not there: ${path}`, {
      hint: onBad.missing(digest),
    });
  }
  const { size, ino } = fstatSync(descriptor);
  const damaged: OpenBlob['damaged'] = (error) => {
    if (!(error instanceof IntegrityError)) return error;
    const message = `the stored blob ${digest} is damaged: ${error.message}`;
    return new IntegrityError('blob-damaged', message, { hint: onBad.damaged(digest, ino, message) });
  };
  if (size === want.size) return { descriptor, damaged };
  closeSync(descriptor);
  throw damaged(new IntegrityError('size-mismatch', `it has ${size} bytes, not ${want.size}`));
}

const readLater = promisify(read);

/** What fits one chunk is read at once: going through another thread takes longer. */
async function* chunksOf(fd: number, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (size <= readBytes) {
    const buffer = Buffer.allocUnsafeSlow(size + 1);
    yield buffer.subarray(0, readSync(fd, buffer));
    return;
  }
  const next = () => readLater(fd, Buffer.allocUnsafeSlow(readBytes), 0, readBytes, null);
  let reading = next();
  try {
    for (;;) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) return;
      // The next chunk comes while this one is worked on.
      reading = next();
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    // Nothing may read a descriptor that is closed, or already another file's.
    await reading.catch(() => undefined);
  }
}
