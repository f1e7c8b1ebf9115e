/**
 * What dead builds left that neither the next build nor a prune takes away by itself (docs/STORE.md, "What a
 * killed build leaves"). On a machine that works there is none: the kernel ends processes and mounts with their
 * build, frees its locks, and the next build sweeps its directory. This is for finding out that it does.
 */
import { realpathSync } from 'node:fs';
import { emptyCgroups } from './empty-cgroups.ts';
import type { Leftover } from './leftover.ts';
import { mountUsers } from './mount-users.ts';
import { orphanedLocks } from './orphaned-locks.ts';
import { strangeFiles } from './strange-files.ts';

/**
 * Looks for them; changes nothing. Processes of others can be looked into by root only.
 * @param isRunning whether a run of this id (a name in `ROOT/run`) is alive
 */
export async function findLeftovers(root: string, isRunning: (id: string) => boolean): Promise<Leftover[]> {
  const real = realpathIfThere(root);
  return [
    ...mountUsers(real, isRunning),
    ...(await emptyCgroups(real)),
    ...orphanedLocks(real),
    ...strangeFiles(real),
  ];
}

function realpathIfThere(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
