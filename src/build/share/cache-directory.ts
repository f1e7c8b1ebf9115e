/**
 * A directory that caches are kept in (`type=local`): an OCI image layout, with an artifact for each tag. One
 * process at a time writes it. A cache that another one took the place of stays as long as somebody reads it.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BlobReader } from '../../content/blob-store.ts';
import { copyBlob } from '../../content/copy-blob.ts';
import { openLayoutBlobs } from '../../content/dir-reader.ts';
import { openBlobStore } from '../../content/dir-store.ts';
import { openRefs, type Ref, readRefs } from '../../content/refs.ts';
import { type BlobDigest, digestHex } from '../../core/digest.ts';
import { HostError, IntegrityError, systemCode } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { type FileLock, lockFile, tryLockFile } from '../../sys/file-lock.ts';

const lockName = 'lock';
/** Begins the names of caches that are kept for their readers; no tag has a slash. */
const superseded = 'superseded/';

export interface OpenedCache {
  readonly blobs: BlobReader;
  /** Of its manifest. */
  readonly root: Descriptor;
  /** Lets it be removed once another cache took its place; harmless the second time. */
  release(): void;
}

/**
 * Opens the cache with a tag, or with a digest if one is given.
 * @throws HostError `no-cache`
 */
export async function openInDirectory(
  directory: string,
  tag: string,
  digest: string | undefined,
  signal: AbortSignal,
): Promise<OpenedCache> {
  const blobs = openLayoutBlobs(directory);
  const writers = await unlessReadOnly(() => {
    const path = join(directory, lockName);
    return existsSync(path) ? lockFile(path, 'shared', signal) : undefined;
  });
  try {
    const root = findRoot(directory, tag, digest);
    let lock = await unlessReadOnly(() =>
      blobs.has(root.digest) ? tryLockFile(blobs.path(root.digest), 'shared') : undefined,
    );
    const release = () => {
      lock?.release();
      lock = undefined;
    };
    return { blobs, root, release };
  } finally {
    writers?.release();
  }
}

/** Where no lock can be taken nobody writes either. */
async function unlessReadOnly(
  lock: () => FileLock | undefined | Promise<FileLock>,
): Promise<FileLock | undefined> {
  try {
    return await lock();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}

function findRoot(directory: string, tag: string, digest: string | undefined): Descriptor {
  const known = readRefs(directory);
  const found =
    digest === undefined
      ? known.find(({ name }) => name === tag)
      : known.find(({ target }) => target.digest === digest);
  if (found !== undefined) return found.target;
  const names = known.flatMap(({ name }) => (name.startsWith(superseded) ? [] : name)).join(', ');
  throw new HostError('no-cache', `"${resolve(directory)}" holds no cache ${digest ?? tag}`, {
    hint: names === '' ? 'it is empty, or no cache at all' : `it holds ${names}`,
  });
}

/**
 * Puts a cache into a directory under a tag. What had the tag before is removed by `sweepDirectory`.
 * @param from has all blobs of the artifact
 * @returns how many blobs were not there yet
 */
export function writeToDirectory(
  directory: string,
  tag: string,
  root: Descriptor,
  from: BlobReader,
  signal: AbortSignal,
): Promise<number> {
  return writing(directory, signal, async (blobs, refs) => {
    let sent = 0;
    for (const blob of await blobsOf(root, from)) {
      signal.throwIfAborted();
      if (blobs.holds(blob)) continue;
      await copyBlob(blob, from, blobs);
      sent++;
    }
    const before = refs.get(tag);
    if (before !== undefined && before.digest !== root.digest) {
      await refs.set(superseded + digestHex(before.digest), before);
    }
    await refs.set(tag, root);
    return sent;
  });
}

/**
 * Takes away whatever no tag and no reader needs: the directory then holds its caches and nothing else.
 * @returns how many blobs were removed
 */
export function sweepDirectory(directory: string, signal: AbortSignal): Promise<number> {
  return writing(directory, signal, async (blobs, refs) => {
    const all = refs.list();
    const tagged = new Set(all.filter(({ name }) => !name.startsWith(superseded)).map(digestOf));
    for (const ref of all) {
      if (!ref.name.startsWith(superseded)) continue;
      // The lock of a reader: it dies with him.
      const free = tagged.has(digestOf(ref))
        ? undefined
        : tryLockFile(blobs.path(digestOf(ref)), 'exclusive');
      if (free === undefined && !tagged.has(digestOf(ref))) continue;
      await refs.remove(ref.name);
      free?.release();
    }
    const live = new Set<BlobDigest>();
    for (const { name, target } of refs.list()) {
      const needed = await blobsOf(target, blobs).catch(noneIfDamaged);
      if (needed.length === 0) await refs.remove(name);
      for (const { digest } of needed) live.add(digest);
    }
    const dead = blobs.list().filter(({ digest }) => !live.has(digest));
    for (const { digest } of dead) await blobs.remove(digest);
    return dead.length;
  });
}

/** A cache whose manifest cannot be read is none. */
function noneIfDamaged(error: unknown): Descriptor[] {
  if (error instanceof IntegrityError) return [];
  throw error;
}

function digestOf({ target }: Ref): BlobDigest {
  return target.digest;
}

async function writing<T>(
  directory: string,
  signal: AbortSignal,
  work: (blobs: ReturnType<typeof openBlobStore>, refs: ReturnType<typeof openRefs>) => Promise<T>,
): Promise<T> {
  const ingest = join(directory, 'ingest');
  mkdirSync(directory, { recursive: true });
  const lock = await lockFile(join(directory, lockName), 'exclusive', signal);
  try {
    // With the lock only: whoever has it takes the place for unfinished blobs away in the end.
    return await work(openBlobStore(directory, ingest), openRefs(directory));
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
