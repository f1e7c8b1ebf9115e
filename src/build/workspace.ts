/**
 * The directory of one running build: everything unfinished lies in it (uppers being written, blobs on
 * their way in, mount points, runtime state), and a lock beside it says that its build lives. The kernel
 * frees the lock whatever ends the process, so the next build finds and removes what a dead one left.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../core/assert.ts';
import { tryLockFile } from '../sys/file-lock.ts';

export interface Workspace {
  readonly directory: string;
  /** Unique among running builds; safe in file, cgroup and container names. */
  readonly id: string;
  /** Makes a directory in the workspace, once. */
  subdirectory(name: string): string;
  /** A new, empty directory in the workspace. */
  scratch(): string;
  /** Removes the workspace. */
  close(): void;
}

/** Opens a workspace beneath `root` and sweeps those of builds that died. */
export function openWorkspace(root: string): Workspace {
  const runs = join(root, 'run');
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  sweep(runs);
  const id = randomBytes(5).toString('hex');
  const directory = join(runs, id);
  const lockPath = `${directory}.lock`;
  const lock = tryLockFile(lockPath, 'exclusive');
  assert(lock !== undefined, 'nobody else knows the name of a new workspace');
  mkdirSync(directory);
  let count = 0;
  return {
    id,
    directory,
    subdirectory(name) {
      const path = join(directory, name);
      mkdirSync(path, { recursive: true });
      return path;
    },
    scratch() {
      const path = join(directory, `scratch-${count++}`);
      mkdirSync(path);
      return path;
    },
    close() {
      rmSync(directory, { recursive: true, force: true });
      rmSync(lockPath, { force: true });
      lock.release();
    },
  };
}

/** A lock that can be had belongs to a build that is gone. */
function sweep(runs: string): void {
  for (const name of readdirSync(runs)) {
    const id = name.replace(/\.lock$/, '');
    const lockPath = join(runs, `${id}.lock`);
    const lock = tryLockFile(lockPath, 'exclusive');
    if (lock === undefined) continue;
    rmSync(join(runs, id), { recursive: true, force: true });
    rmSync(lockPath, { force: true });
    lock.release();
  }
}
