import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../core/errors.ts';

const root = '/sys/fs/cgroup';

/**
 * Removes the cgroup of a step that never ran, in every hierarchy that has it: crun leaves it there. What
 * is in use still goes when the sandbox is closed.
 */
export function removeCgroup(path: string): void {
  for (const hierarchy of [root, ...directoriesIn(root)]) {
    const directory = join(hierarchy, path);
    if (existsSync(directory)) removeWithin(directory);
  }
}

function removeWithin(directory: string): void {
  for (const inner of directoriesIn(directory)) removeWithin(inner);
  try {
    rmdirSync(directory);
  } catch (error) {
    if (systemCode(error) !== 'EBUSY' && systemCode(error) !== 'ENOTEMPTY') throw error;
  }
}

function directoriesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(directory, entry.name));
}
