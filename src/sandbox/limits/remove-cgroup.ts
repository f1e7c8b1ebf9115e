import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../core/errors.ts';
import { cgroupRoot, secondHierarchy } from './cgroup-place.ts';

/**
 * Removes the cgroup of a step that never ran, in every hierarchy that has it: crun leaves it there. What
 * is in use still goes when the sandbox is closed.
 */
export function removeCgroup(path: string): void {
  for (const directory of directoriesOf(path)) removeWithin(directory);
}

/** Whether a cgroup is there in any hierarchy; what covers the second one goes with its mount. */
export function hasCgroup(path: string): boolean {
  return directoriesOf(path).some((directory) => !directory.startsWith(`${secondHierarchy}/`));
}

function directoriesOf(path: string): string[] {
  return [cgroupRoot, ...directoriesIn(cgroupRoot)]
    .map((hierarchy) => join(hierarchy, path))
    .filter((each) => existsSync(each));
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
