/**
 * A mount namespace of our own: mounts made in it are seen by nobody else and are gone with the process,
 * whatever kills it. Only the calling thread moves; threads and child processes started later are born
 * inside. libuv starts its pool at the first asynchronous file call, so this has to come before it.
 */
import { readlinkSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { isMainThread } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { HostError } from '../core/errors.ts';
import { lastSystemError, libcFunction } from './libc.ts';
import { mountFilesystem } from './mount.ts';

const unshare = libcFunction('int unshare(int flags)');
const newMountNamespace = 0x00020000;
const ownWorkingDirectory = 0x00000200;
const threadNamespace = '/proc/thread-self/ns/mnt';

let entered: Promise<void> | undefined;

/**
 * Moves this process into a mount namespace of its own, once; later calls wait for the first. Mounts made
 * outside later still appear inside, never the other way round.
 * @throws HostError `no-mount-namespace` without the right to; `late-mount-namespace` when the thread pool
 *   was started before: the program has to call this earlier
 */
export function enterMountNamespace(): Promise<void> {
  entered ??= enter();
  return entered;
}

async function enter(): Promise<void> {
  assert(isMainThread, 'only the main thread can move the process into a mount namespace');
  if (unshare(newMountNamespace) < 0) {
    const cause = lastSystemError('unshare', '/');
    throw new HostError(
      'no-mount-namespace',
      `cannot make a mount namespace for the build: ${cause.message}`,
      { hint: 'run strata as root (inside a container: with CAP_SYS_ADMIN, as --privileged gives)', cause },
    );
  }
  mountFilesystem({ source: 'none', target: '/', flags: ['recursive', 'slave'] });
  const ours = readlinkSync(threadNamespace);
  const pools = await readlink(threadNamespace);
  if (pools !== ours) {
    throw new HostError(
      'late-mount-namespace',
      `the thread pool was started outside the mount namespace of the build (${pools}, not ${ours})`,
      { hint: 'an asynchronous file operation ran before the build began; this is a bug in strata' },
    );
  }
}

/**
 * Runs synchronous work with `directory` as working directory of this thread alone: file operations that
 * other threads have under way keep theirs.
 */
export function inDirectory<T>(directory: string, work: () => T): T {
  if (unshare(ownWorkingDirectory) < 0) throw lastSystemError('unshare', directory);
  const before = process.cwd();
  process.chdir(directory);
  try {
    return work();
  } finally {
    process.chdir(before);
  }
}
