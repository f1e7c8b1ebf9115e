/**
 * Output is written beside its destination and renamed. Should the writer be killed, the next one finds what it
 * left by its name, and by its lock, which the kernel freed, that nobody writes there any more.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type FileLock, tryLockFile } from '../sys/file-lock.ts';

export interface AsideFile {
  /** In the directory of the file it is going to be; empty. */
  readonly path: string;
  /** To be called when it was renamed or removed. */
  release(): void;
}

/**
 * Makes a file to write `path` in, and removes those that dead writers of it left.
 * @throws a system error, such as ENOENT
 */
export function openAsideFile(path: string): AsideFile {
  sweep(path);
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const lock = lockIfPossible(aside);
  // No file is there, or one that only its owner may read.
  closeSync(openSync(aside, 'a'));
  chmodSync(aside, 0o666 & ~process.umask());
  return { path: aside, release: () => lock?.release() };
}

function sweep(path: string): void {
  const name = basename(path);
  for (const sibling of readdirSync(dirname(path))) {
    if (!sibling.startsWith(`${name}.`) || !/^\.[0-9a-f]{12}\.tmp$/.test(sibling.slice(name.length)))
      continue;
    const stale = join(dirname(path), sibling);
    const lock = lockIfPossible(stale);
    if (lock !== undefined) rmSync(stale, { force: true });
    lock?.release();
  }
}

/** Undefined when somebody holds it, and where the filesystem knows no locks: then nothing is swept. */
export function lockIfPossible(path: string): FileLock | undefined {
  try {
    return tryLockFile(path, 'exclusive');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === 'flock') return undefined;
    throw error;
  }
}
