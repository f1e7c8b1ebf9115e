/**
 * Locks between processes, by flock(2) on a file: the kernel lets go of them when the process dies. Two
 * locks taken by one process exclude each other like those of two.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CanceledError } from '../core/errors.ts';
import { lastSystemError, libcFunction } from './libc.ts';

const flock = libcFunction('int flock(int fd, int operation)');
const operations = { shared: 1, exclusive: 2 } as const;
const withoutWaiting = 4;
const longestPauseMs = 50;

export interface FileLock {
  /** Lets others in. The file stays. */
  release(): void;
}

/**
 * Takes a lock if nobody stands in the way now; undefined otherwise. The file is created when missing.
 * @throws a system error, such as EACCES
 */
export function tryLockFile(path: string, mode: keyof typeof operations): FileLock | undefined {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (flock(fd, operations[mode] | withoutWaiting) < 0) {
      const error = lastSystemError('flock', path);
      closeSync(fd);
      if (error.code === 'EAGAIN') return undefined;
      throw error;
    }
    // Whoever held it may have removed the file: then this lock guards nothing that others will see.
    if (isStillAt(path, fd)) return { release: () => closeSync(fd) };
    closeSync(fd);
  }
}

/**
 * Takes a lock, waiting for it as long as needed without holding up anything else.
 * @throws CanceledError when the signal comes first; a system error, such as EACCES
 */
export async function lockFile(
  path: string,
  mode: keyof typeof operations,
  signal?: AbortSignal,
): Promise<FileLock> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    if (signal?.aborted) throw new CanceledError();
    const lock = tryLockFile(path, mode);
    if (lock !== undefined) return lock;
    await delay(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  }
}

function isStillAt(path: string, fd: number): boolean {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  const held = fstatSync(fd, { bigint: true });
  return there?.ino === held.ino && there.dev === held.dev;
}
