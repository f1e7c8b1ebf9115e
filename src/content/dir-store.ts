import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { compareBytes } from '../core/byte-path.ts';
import type { BlobDigest } from '../core/digest.ts';
import { digestBytes } from '../core/digest-bytes.ts';
import { markUsed } from '../sys/use-mark.ts';
import type { BlobInfo, BlobStore } from './blob-store.ts';
import { blobWriter, createBlobWriter } from './blob-writer.ts';
import { blobReader, missingHint } from './dir-reader.ts';
import { blobDirectory, blobPath, digestOfBlobFile, ensureLayout } from './layout.ts';
import { openPartialBlob, partialPath } from './partial-blob.ts';

export type OnLostBlob = (digest: BlobDigest, message: string) => void;

/**
 * The blobs of an OCI image layout; the directory becomes one if it is none. Any number of processes may
 * use it at once. `ingestDirectory`, on the same filesystem, holds what is being written; who removes it
 * afterwards sweeps what a crash left there. A blob that was asked for is marked as used: no prune takes it
 * while the build that asked goes on.
 * @param partialDirectory on the same filesystem too, keeps what `resume` goes on with; without one nothing is
 * kept
 * @param onLost told of blobs that were damaged, and removed, or gone when they were to be read
 * @throws HostError `foreign-layout`
 */
export function openBlobStore(
  layoutDirectory: string,
  ingestDirectory: string,
  partialDirectory?: string,
  onLost: OnLostBlob = () => {},
): BlobStore {
  ensureLayout(layoutDirectory);
  mkdirSync(ingestDirectory, { recursive: true });
  const drop = (digest: BlobDigest, inode: number, message: string) => {
    const path = blobPath(layoutDirectory, digest);
    // Another process may have put good bytes in its place meanwhile.
    if (statSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true });
    onLost(digest, message);
    return 'it was removed from the store: build again, and it will be pulled or made anew';
  };
  const reader = blobReader(layoutDirectory, {
    damaged: drop,
    missing(digest) {
      onLost(digest, `the stored blob ${digest} is gone`);
      return missingHint;
    },
  });
  const marked = new Set<BlobDigest>();
  const sizeOf: BlobStore['size'] = (digest) => {
    if (!marked.has(digest)) {
      if (!markUsed(reader.path(digest))) return undefined;
      marked.add(digest);
    }
    return reader.size(digest);
  };
  const pathOf = (info: BlobInfo) => reader.path(info.digest);
  const create = () => createBlobWriter(ingestDirectory, pathOf);
  return {
    ...reader,
    has: (digest) => sizeOf(digest) !== undefined,
    size: sizeOf,
    holds({ digest, size }) {
      const found = sizeOf(digest);
      if (found === undefined || found === size) return found === size;
      const { ino } = statSync(reader.path(digest), { throwIfNoEntry: false }) ?? { ino: 0 };
      drop(digest, ino, `the stored blob ${digest} is damaged: it has ${found} bytes, not ${size}`);
      return false;
    },
    create,
    ...(partialDirectory === undefined
      ? {}
      : {
          resume: resumer(partialDirectory, pathOf, sizeOf),
          arrivingAt: (digest) => partialPath(partialDirectory, digest),
        }),
    async put(bytes) {
      const digest = digestBytes(bytes);
      const info = { digest, size: bytes.length };
      const isThere = sizeOf(digest) === bytes.length;
      if (isThere && readFileSync(reader.path(digest)).equals(bytes)) return info;
      const writer = await create();
      try {
        await writer.write(bytes);
        return await writer.commit(info);
      } finally {
        await writer.abort();
      }
    },
    async remove(digest) {
      await rm(reader.path(digest), { force: true });
    },
    list() {
      const found: BlobInfo[] = [];
      for (const name of readdirSync(blobDirectory(layoutDirectory)).sort(compareBytes)) {
        const digest = digestOfBlobFile(name);
        const size = digest === undefined ? undefined : reader.size(digest);
        if (digest !== undefined && size !== undefined) found.push({ digest, size });
      }
      return found;
    },
  };
}

function resumer(
  directory: string,
  pathOf: (info: BlobInfo) => string,
  sizeOf: BlobStore['size'],
): NonNullable<BlobStore['resume']> {
  return async (info, signal, onWait = () => {}) => {
    const writer = blobWriter(await openPartialBlob(directory, info, signal, onWait), pathOf);
    // Whoever was waited for may have finished it.
    if (sizeOf(info.digest) !== info.size) return writer;
    await writer.abort();
    return undefined;
  };
}
