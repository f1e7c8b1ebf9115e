import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { compareBytes } from '../core/byte-path.ts';
import { type BlobDigest, digestFromHex } from '../core/digest.ts';
import { IntegrityError, systemCode } from '../core/errors.ts';
import type { BlobInfo, BlobStore } from './blob-store.ts';
import { createBlobWriter } from './blob-writer.ts';
import { blobDirectory, blobPath, digestOfBlobFile, ensureLayout } from './layout.ts';
import { verifiedStream } from './verified-stream.ts';

const readBytes = 1 << 20;
/** Manifests and configs are kilobytes; registries refuse manifests over 4 MiB. */
const smallBlobLimit = 8 << 20;

/**
 * The blobs of an OCI image layout; the directory becomes one if it is none. Any number of processes may
 * use it at once. `ingestDirectory`, on the same filesystem, holds what is being written; who removes it
 * afterwards sweeps what a crash left there.
 */
export function openBlobStore(layoutDirectory: string, ingestDirectory: string): BlobStore {
  ensureLayout(layoutDirectory);
  mkdirSync(ingestDirectory, { recursive: true });
  const pathOf = (digest: BlobDigest) => blobPath(layoutDirectory, digest);
  const sizeOf = (digest: BlobDigest) => {
    const stat = statSync(pathOf(digest), { throwIfNoEntry: false });
    return stat?.isFile() === true ? stat.size : undefined;
  };
  const create = () => createBlobWriter(ingestDirectory, (info) => pathOf(info.digest));
  const openVerified = (info: BlobInfo) => readVerified(pathOf(info.digest), info);
  return {
    has: (digest) => sizeOf(digest) !== undefined,
    size: sizeOf,
    path: pathOf,
    open: openVerified,
    async read(info, limit = smallBlobLimit) {
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
    create,
    async put(bytes) {
      const digest = digestFromHex<BlobDigest>(createHash('sha256').update(bytes).digest('hex'));
      const info = { digest, size: bytes.length };
      if (sizeOf(digest) === bytes.length && readFileSync(pathOf(digest)).equals(bytes)) return info;
      const writer = await create();
      try {
        await writer.write(bytes);
        return await writer.commit(info);
      } finally {
        await writer.abort();
      }
    },
    async remove(digest) {
      await rm(pathOf(digest), { force: true });
    },
    list() {
      const found: BlobInfo[] = [];
      for (const name of readdirSync(blobDirectory(layoutDirectory)).sort(compareBytes)) {
        const digest = digestOfBlobFile(name);
        const size = digest === undefined ? undefined : sizeOf(digest);
        if (digest !== undefined && size !== undefined) found.push({ digest, size });
      }
      return found;
    },
  };
}

async function* readVerified(path: string, want: BlobInfo): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await openExisting(path, want);
  try {
    const { size, ino } = await file.stat();
    try {
      if (size !== want.size)
        throw new IntegrityError('size-mismatch', `it has ${size} bytes, not ${want.size}`);
      yield* verifiedStream(chunksOf(file, size), want);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      // Another process may have put good bytes in its place meanwhile.
      if (statSync(path, { throwIfNoEntry: false })?.ino === ino) await rm(path, { force: true });
      throw new IntegrityError(
        'blob-damaged',
        `the stored blob ${want.digest} is damaged: ${error.message}`,
        {
          hint: 'it was removed from the store: build again, and it will be pulled or made anew',
        },
      );
    }
  } finally {
    await file.close();
  }
}

async function openExisting(path: string, want: BlobInfo): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new IntegrityError('blob-missing', `the blob ${want.digest} is not in the store`, {
      hint: 'build again, and it will be pulled or made anew',
    });
  }
}

async function* chunksOf(file: FileHandle, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, Math.max(size, 1)));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
