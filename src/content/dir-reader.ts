import { closeSync, fstatSync, openSync, read, readSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { BlobDigest } from '../core/digest.ts';
import { IntegrityError, systemCode } from '../core/errors.ts';
import { documentLimit } from '../oci/json.ts';
import type { BlobInfo, BlobReader } from './blob-store.ts';
import { blobPath } from './layout.ts';
import { verifiedStream } from './verified-stream.ts';

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
  const fd = openExisting(path, want, onBad);
  try {
    const { size, ino } = fstatSync(fd);
    try {
      if (size !== want.size) {
        throw new IntegrityError('size-mismatch', `it has ${size} bytes, not ${want.size}`);
      }
      yield* verifiedStream(chunksOf(fd, size), want);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      const message = `the stored blob ${want.digest} is damaged: ${error.message}`;
      throw new IntegrityError('blob-damaged', message, { hint: onBad.damaged(want.digest, ino, message) });
    }
  } finally {
    closeSync(fd);
  }
}

function openExisting(path: string, { digest }: BlobInfo, onBad: OnBadBlob): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new IntegrityError('blob-missing', `the blob ${digest} is not there: ${path}`, {
      hint: onBad.missing(digest),
    });
  }
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
