/**
 * RUN --mount=type=cache: directories that outlive builds (Dockerfile reference, 3.5). A cache is known by
 * its id, where its first content comes from, and its owner; the locks on it are the kernel's, so they hold
 * between processes and die with their holder.
 */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedMount } from '../../../../plan/vertex.ts';
import { writeFileAtomic } from '../../../../sys/atomic-file.ts';
import { type FileLock, lockFile, tryLockFile } from '../../../../sys/file-lock.ts';
import { removeTrees } from '../../../../sys/remove-tree.ts';
import { markUsed } from '../../../../sys/use-mark.ts';

export type CacheMount = PlannedMount & { type: 'cache' };

export interface OpenedCache {
  readonly directory: string;
  readonly lock: FileLock;
}

/**
 * Fills a new, empty directory with a cache's first content; `name` is that of the cache in every store. Gives whose
 * the directory is to be where that comes with the content.
 */
export type SeedCache = (directory: string, name: string) => Promise<Owner | undefined>;

type Owner = NonNullable<CacheMount['owner']>;

/**
 * Opens the cache a mount asks for, creating and seeding it when it is new. `shared` caches are used by
 * many at once; a `locked` one is waited for; of a `private` one another instance is taken when it is in use.
 */
export async function openCacheMount(
  root: string,
  mount: CacheMount,
  seed: SeedCache,
  signal: AbortSignal,
): Promise<OpenedCache> {
  const caches = join(root, 'cache-mounts');
  mkdirSync(caches, { recursive: true, mode: 0o700 });
  const name = cacheMountName(mount);
  for (let instance = 0; ; instance++) {
    const at = join(caches, instance === 0 ? name : `${name}.${instance}`);
    const lock = await lockCache(`${at}.lock`, mount.sharing, signal);
    if (lock === undefined) continue;
    try {
      await create(at, mount, (directory) => seed(directory, name), signal);
      markUsed(join(at, 'id'));
      return { directory: join(at, 'files'), lock };
    } catch (error) {
      lock.release();
      throw error;
    }
  }
}

/**
 * Reads a cache that a mount has in the store while nobody uses it, and gives what comes of that; undefined
 * when there is none.
 */
export async function readCacheMount<T>(
  root: string,
  name: string,
  signal: AbortSignal,
  read: (directory: string) => Promise<T>,
): Promise<T | undefined> {
  const at = join(root, 'cache-mounts', name);
  const directory = join(at, 'files');
  if (!existsSync(directory)) return undefined;
  const lock = await lockFile(`${at}.lock`, 'exclusive', signal);
  try {
    return existsSync(directory) ? await read(directory) : undefined;
  } finally {
    lock.release();
  }
}

/** Undefined when a private cache is in use. */
async function lockCache(
  path: string,
  sharing: CacheMount['sharing'],
  signal: AbortSignal,
): Promise<FileLock | undefined> {
  if (sharing === 'private') return tryLockFile(path, 'exclusive');
  return lockFile(path, sharing === 'locked' ? 'exclusive' : 'shared', signal);
}

async function create(
  at: string,
  mount: CacheMount,
  seed: (directory: string) => Promise<Owner | undefined>,
  signal: AbortSignal,
): Promise<void> {
  if (existsSync(join(at, 'files'))) return;
  // Many may share the cache; one makes it.
  const lock = await lockFile(`${at}.new.lock`, 'exclusive', signal);
  try {
    if (existsSync(join(at, 'files'))) return;
    const aside = join(at, 'aside');
    // Whoever began before us was killed.
    if (existsSync(aside)) await removeTrees([aside]);
    mkdirSync(aside, { recursive: true });
    const own = await seed(aside);
    const { uid, gid, mode } = own ?? mount.owner ?? { uid: 0, gid: 0, mode: 0o755 };
    chownSync(aside, uid, gid);
    chmodSync(aside, mode);
    await writeFileAtomic(join(at, 'id'), `${mount.id}\n`);
    await rename(aside, join(at, 'files'));
  } finally {
    lock.release();
  }
}

const strictness: readonly CacheMount['sharing'][] = ['shared', 'private', 'locked'];

/**
 * The caches that a step's mounts show: each once, in an order that every step keeps. A step that showed a cache
 * twice would wait for itself, and two steps that lock the same two would wait for each other.
 */
export function cachesToOpen(mounts: readonly CacheMount[]): CacheMount[] {
  const caches = new Map<string, CacheMount>();
  const byStrictness = mounts.toSorted(
    (a, b) => strictness.indexOf(a.sharing) - strictness.indexOf(b.sharing),
  );
  for (const mount of byStrictness) caches.set(cacheMountName(mount), mount);
  return [...caches].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, mount]) => mount);
}

/** What the directory of a cache is called, on every machine. `source` counts as what a cache begins with. */
export function cacheMountName({ id, from, source, origin, owner }: CacheMount): string {
  const content = origin.kind === 'empty' ? '/' : source;
  const identity = JSON.stringify([id, from ?? '', content, owner ?? null]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}
