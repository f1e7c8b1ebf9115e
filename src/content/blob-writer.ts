import { createHash, type Hash, randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFromHex } from '../core/digest.ts';
import { during } from '../core/errors.ts';
import { putInUse } from '../sys/use-mark.ts';
import type { BlobInfo, BlobWriter, PartialWriter } from './blob-store.ts';
import { checkBlob } from './verified-stream.ts';

/** Small chunks are gathered to this many bytes before they go to the disk. */
const gatherBytes = 1 << 20;
/** Chunks from here on are written as they come, without a copy. */
const directBytes = 1 << 18;
/** A large blob goes to the disk while it is written, a piece of this size after the other: little is left for the end. */
const flushBytes = 16 << 20;
const done = Promise.resolve();

/** A blob that is not finished. */
export interface BlobFile {
  readonly path: string;
  readonly file: FileHandle;
  /** Of what is in it. */
  readonly hash: Hash;
  readonly size: number;
  /** Called once, when the file is closed. */
  release(): void;
}

/**
 * Starts a blob in a file of its own beneath `ingestDirectory`. `pathOf` says where a finished blob goes; it
 * must be on the same filesystem.
 */
export async function createBlobWriter(
  ingestDirectory: string,
  pathOf: (info: BlobInfo) => string,
): Promise<BlobWriter> {
  const path = join(ingestDirectory, randomBytes(8).toString('hex'));
  const file = await during(`write ${path}`, () => open(path, 'wx', 0o644));
  const hash = createHash('sha256');
  return blobWriter({ path, file, hash, size: 0, release: () => {} }, pathOf);
}

/** Writes behind what is in a file already. */
export function blobWriter(start: BlobFile, pathOf: (info: BlobInfo) => string): PartialWriter {
  const { path: aside, file, hash } = start;
  let { size } = start;
  let gathered: Buffer | undefined;
  let filled = 0;
  /** Settles when everything handed to the disk is written. */
  let written: Promise<void> = done;
  /** Settles when what was flushed so far is on the disk. */
  let flushed: Promise<void> = done;
  let isFlushing = false;
  let unflushed = 0;
  let isOpen = true;

  const enqueue = (bytes: Uint8Array) => {
    written = written.then(() => during(`write ${aside}`, () => writeAll(file, bytes)));
    // Reported by the next write or by commit, whichever comes first.
    written.catch(() => undefined);
    unflushed += bytes.length;
    if (unflushed >= flushBytes && !isFlushing) flushEarly();
  };
  const flushEarly = () => {
    unflushed = 0;
    isFlushing = true;
    flushed = during(`write ${aside}`, () => file.datasync()).then(() => {
      isFlushing = false;
    });
    // Reported by commit, which could not see it by itself: the kernel tells an error once.
    flushed.catch(() => undefined);
  };
  const flush = () => {
    if (gathered !== undefined) enqueue(gathered.subarray(0, filled));
    gathered = undefined;
    filled = 0;
  };
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await written.catch(() => undefined);
    await flushed.catch(() => undefined);
    await file.close();
    start.release();
  };
  const remove = async () => {
    // Before it is closed: then it may be somebody else's.
    if (isOpen) await rm(aside, { force: true });
    await close();
  };

  return {
    get size() {
      return size;
    },
    write(chunk) {
      hash.update(chunk);
      size += chunk.length;
      if (chunk.length >= directBytes) {
        flush();
        enqueue(chunk);
        return written;
      }
      // One gathered piece may be on its way to the disk while the next one fills.
      let earlier = done;
      if (filled + chunk.length > gatherBytes) {
        earlier = written;
        flush();
      }
      gathered ??= Buffer.allocUnsafeSlow(gatherBytes);
      gathered.set(chunk, filled);
      filled += chunk.length;
      return earlier;
    },
    async commit(want = {}) {
      const info: BlobInfo = { digest: digestFromHex(hash.digest('hex')), size };
      try {
        checkBlob(want, info);
        flush();
        await written;
        await flushed;
        await during(`write ${aside}`, async () => {
          await file.sync();
          putInUse(aside, pathOf(info));
          await close();
        });
      } catch (error) {
        await remove();
        throw error;
      }
      return info;
    },
    abort: remove,
    async suspend() {
      if (isOpen) flush();
      await close();
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
}
