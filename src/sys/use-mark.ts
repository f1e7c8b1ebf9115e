/**
 * How builds and prunes share a store. A build marks each record and blob it relies on: the file's time
 * becomes now, which is also its last use. A prune leaves alone what was marked since the oldest running
 * build began. That a mark is never set while a prune decides, and a decision never meets half a mark, is
 * what the lock on the directory is for: marking takes microseconds, deciding not much more.
 */
import { closeSync, constants, openSync, renameSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { lastErrorCode, lastSystemError, libcFunction } from './libc.ts';

const flock = libcFunction('int flock(int fd, int operation)');
const operations = { shared: 1, exclusive: 2 } as const;

/**
 * Marks a file as used now. While the build that did so runs, no prune takes the file away.
 * @returns whether the file is there; one that a prune has taken is not
 * @throws a system error, such as EROFS
 */
export function markUsed(path: string): boolean {
  const directory = lockDirectory(dirname(path), 'shared');
  if (directory === undefined) return false;
  try {
    // File systems keep time finer than the clock we read: a mark must never seem to come before its build.
    const now = (Date.now() + 1) / 1000;
    utimesSync(path, now, now);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  } finally {
    closeSync(directory);
  }
}

/**
 * Puts a finished file under the name that others find it by, replacing what is there. A prune meets either the
 * old file or the new one, which its time protects, and never takes the one for the other.
 * @throws a system error, such as ENOENT
 */
export function putInUse(aside: string, path: string): void {
  amongOthers(dirname(path), () => renameSync(aside, path));
}

/** Does `work` at a moment when nobody is `alone` in the directory. */
export function amongOthers<T>(directory: string, work: () => T): T {
  const fd = lockDirectory(directory, 'shared');
  try {
    return work();
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Does `work` while nobody marks a file of these directories, puts one there or is at anything else `amongOthers`;
 * those that are missing are left out. Waits for such people, holding up this thread.
 */
export function alone<T>(directories: readonly string[], work: () => T): T {
  const held: number[] = [];
  try {
    for (const directory of directories) {
      const fd = lockDirectory(directory, 'exclusive');
      if (fd !== undefined) held.push(fd);
    }
    return work();
  } finally {
    for (const fd of held) closeSync(fd);
  }
}

/** The lock is held until the descriptor is closed. */
function lockDirectory(path: string, mode: keyof typeof operations): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  while (flock(fd, operations[mode]) < 0) {
    if (lastErrorCode() === 'EINTR') continue;
    const error = lastSystemError('flock', path);
    closeSync(fd);
    throw error;
  }
  return fd;
}
