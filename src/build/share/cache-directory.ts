/** A directory that caches are kept in (`type=local`): an OCI image layout, with an artifact for each tag. */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BlobReader } from '../../content/blob-store.ts';
import { openLayoutBlobs } from '../../content/dir-reader.ts';
import { openBlobStore } from '../../content/dir-store.ts';
import { openRefs } from '../../content/refs.ts';
import type { BlobDigest } from '../../core/digest.ts';
import { HostError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { type FileLock, lockFile } from '../../sys/file-lock.ts';
import { copyBlob } from './copy-blob.ts';

const lockName = 'lock';

/** Does `work` while nobody writes the cache in a directory; one that cannot be locked is not written either. */
export async function reading<T>(
  directory: string,
  signal: AbortSignal,
  work: (blobs: BlobReader) => Promise<T>,
): Promise<T> {
  const lock = await lockExisting(directory, signal);
  try {
    return await work(openLayoutBlobs(directory));
  } finally {
    lock?.release();
  }
}

async function lockExisting(directory: string, signal: AbortSignal): Promise<FileLock | undefined> {
  const path = join(directory, lockName);
  if (!existsSync(path)) return undefined;
  try {
    return await lockFile(path, 'shared', signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') return undefined;
    throw error;
  }
}

/**
 * The manifest of the cache with a tag, or with a digest if one is given.
 * @throws HostError `no-cache`
 */
export function findInDirectory(directory: string, tag: string, digest: string | undefined): Descriptor {
  const known = existsSync(join(directory, 'index.json')) ? openRefs(directory).list() : [];
  const found =
    digest === undefined
      ? known.find(({ name }) => name === tag)
      : known.find(({ target }) => target.digest === digest);
  if (found !== undefined) return found.target;
  const names = known.map(({ name }) => name).join(', ');
  throw new HostError('no-cache', `"${resolve(directory)}" holds no cache ${digest ?? tag}`, {
    hint: names === '' ? 'it is empty, or no cache at all' : `it holds ${names}`,
  });
}

/**
 * Puts a cache into a directory under a tag and takes away whatever no tag needs any more: the directory never
 * holds more than its caches.
 * @param from has all blobs of the artifact
 */
export async function writeToDirectory(
  directory: string,
  tag: string,
  root: Descriptor,
  from: BlobReader,
  signal: AbortSignal,
): Promise<{ readonly sent: number; readonly removed: number }> {
  const ingest = join(directory, 'ingest');
  const blobs = openBlobStore(directory, ingest);
  const lock = await lockFile(join(directory, lockName), 'exclusive', signal);
  try {
    let sent = 0;
    for (const blob of await blobsOf(root, from)) {
      signal.throwIfAborted();
      if (blobs.holds(blob)) continue;
      await copyBlob(blob, from, blobs);
      sent++;
    }
    const refs = openRefs(directory);
    await refs.set(tag, root);
    const live = new Set<BlobDigest>();
    for (const { target } of refs.list())
      for (const { digest } of await blobsOf(target, blobs)) live.add(digest);
    const dead = blobs.list().filter(({ digest }) => !live.has(digest));
    for (const { digest } of dead) await blobs.remove(digest);
    return { sent, removed: dead.length };
  } finally {
    rmSync(ingest, { recursive: true, force: true });
    lock.release();
  }
}

/** An artifact and all it names; the manifest comes last. */
async function blobsOf(root: Descriptor, blobs: BlobReader): Promise<Descriptor[]> {
  const { config, layers } = parseManifest(await blobs.read(root));
  return [config, ...layers, root];
}
