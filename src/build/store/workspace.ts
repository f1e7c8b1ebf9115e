/**
 * The directory of one running build: everything unfinished lies in it (uppers being written, blobs on
 * their way in, mount points, runtime state), and a lock beside it says that its build lives. The kernel
 * frees the lock whatever ends the process, so the next build finds and removes what a dead one left: its directory,
 * and cgroups of its steps.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../core/errors.ts';
import { removeCgroupsOf } from '../../sandbox/limits/step-cgroups.ts';
import { type FileLock, tryLockFile } from '../../sys/file-lock.ts';
import { amongOthers } from '../../sys/use-mark.ts';

export interface Workspace {
  readonly directory: string;
  /** Unique among running builds; safe in file, cgroup and container names. */
  readonly id: string;
  /** Makes a directory in the workspace, once. */
  subdirectory(name: string): string;
  /** A new, empty directory in the workspace. */
  scratch(): string;
  /** A name for something outside of the workspace: it says of which run it is. */
  newName(): string;
  /** Removes the workspace. */
  close(): void;
}

/** Something that runs on a store: a build, or a command that reads or writes images. */
export interface Run {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

const suffix = '.lock';

/** Opens a workspace beneath `root` and sweeps those of builds that died. */
export function openWorkspace(root: string): Workspace {
  const workspace = claimWorkspace(root);
  sweep(join(root, 'run'));
  return workspace;
}

/** Opens a workspace and leaves alone what builds left that died. */
export function claimWorkspace(root: string): Workspace {
  const runs = join(root, 'run');
  const { id, lock } = amongOthers(root, () => {
    mkdirSync(runs, { recursive: true, mode: 0o700 });
    return claim(runs);
  });
  const directory = join(runs, id);
  mkdirSync(directory);
  let scratches = 0;
  let names = 0;
  return {
    id,
    directory,
    subdirectory(name) {
      const path = join(directory, name);
      mkdirSync(path, { recursive: true });
      return path;
    },
    scratch() {
      const path = join(directory, `scratch-${scratches++}`);
      mkdirSync(path);
      return path;
    },
    newName: () => `${id}-${names++}`,
    close() {
      rmSync(directory, { recursive: true, force: true });
      rmSync(`${directory}${suffix}`, { force: true });
      lock.release();
    },
  };
}

/** What runs on the store of `root` now. */
export function listRuns(root: string): Run[] {
  const runs = join(root, 'run');
  return namesIn(runs).flatMap((id): Run[] => {
    const path = join(runs, `${id}${suffix}`);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    const lock = tryLockFile(path, 'shared');
    if (lock === undefined) return [{ id, startedAt: stat.mtimeMs }];
    lock.release();
    return [];
  });
}

/** The directories of builds that died and that nobody has swept yet. */
export function listDeadRuns(root: string): string[] {
  const living = new Set(listRuns(root).map(({ id }) => id));
  return namesIn(join(root, 'run')).filter((id) => !living.has(id));
}

/** A name of its own, with the lock that says that its build lives. */
function claim(runs: string): { id: string; lock: FileLock } {
  for (;;) {
    const id = randomBytes(6).toString('hex');
    const lock = tryLockFile(join(runs, `${id}${suffix}`), 'exclusive');
    // Whoever looks for dead builds may try the lock between its making and our taking it.
    if (lock !== undefined) return { id, lock };
  }
}

function namesIn(runs: string): string[] {
  try {
    return [...new Set(readdirSync(runs).map((name) => name.replace(/\.lock$/, '')))].sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A lock that can be had belongs to a build that is gone. It stays as long as anything is left of that build. */
function sweep(runs: string): void {
  const dead = namesIn(runs).flatMap((id) => {
    const lock = tryLockFile(join(runs, `${id}${suffix}`), 'exclusive');
    return lock === undefined ? [] : [{ id, lock }];
  });
  if (dead.length === 0) return;
  const inUse = removeCgroupsOf(new Set(dead.map(({ id }) => id)));
  for (const { id, lock } of dead) {
    try {
      rmSync(join(runs, id), { recursive: true, force: true });
      if (!inUse.has(id)) rmSync(join(runs, `${id}${suffix}`), { force: true });
    } catch {
      // What was killed just now may still be writing there: the next build will find it quiet.
    } finally {
      lock.release();
    }
  }
}
