/** Blobs that arrive in several goes: each in a file named by its digest, locked by whoever writes it. */
import { createHash, type Hash } from 'node:crypto';
import { mkdirSync, utimesSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlobDigest, digestHex } from '../core/digest.ts';
import { CanceledError, during } from '../core/errors.ts';
import { type FileLock, lockFile, tryLockFile } from '../sys/file-lock.ts';
import type { BlobInfo } from './blob-store.ts';
import type { BlobFile } from './blob-writer.ts';

const readBytes = 1 << 20;

/**
 * Opens what there is of a blob, or begins it, once nobody else writes it. What is longer than the blob is
 * thrown away.
 * @throws CanceledError
 */
export async function openPartialBlob(
  directory: string,
  { digest, size: want }: BlobInfo,
  signal: AbortSignal,
  onWait: () => void,
): Promise<BlobFile> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = partialPath(directory, digest);
  const lock = tryLockFile(path, 'exclusive') ?? (await waitFor(path, signal, onWait));
  try {
    return await during(`write ${path}`, async () => {
      const file = await open(path, 'r+');
      try {
        await file.chmod(0o644);
        if ((await file.stat()).size > want) await file.truncate(0);
        const hash = createHash('sha256');
        const size = await hashFile(file, hash, signal);
        // Its time says when it was last worked at.
        utimesSync(path, Date.now() / 1000, Date.now() / 1000);
        return { path, file, hash, size, release: () => lock.release() };
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Where a blob of `directory` is while it is not complete. */
export function partialPath(directory: string, digest: BlobDigest): string {
  return join(directory, digestHex(digest));
}

async function waitFor(path: string, signal: AbortSignal, onWait: () => void): Promise<FileLock> {
  onWait();
  return lockFile(path, 'exclusive', signal);
}

/** Says how much there is; the next write goes behind it. */
async function hashFile(file: FileHandle, hash: Hash, signal: AbortSignal): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  for (let size = 0; ; ) {
    if (signal.aborted) throw new CanceledError();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return size;
    hash.update(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
}
