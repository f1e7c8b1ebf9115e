/** The cgroups of steps, as they lie in the hierarchies: runtimes make them, and take most of them away. */
import { type Dirent, existsSync, readdirSync, rmdirSync } from 'node:fs';
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

/** The directory of a step's cgroup in one hierarchy. */
export interface StepCgroup {
  readonly path: string;
  /** The id of the run whose step it was made for. */
  readonly run: string;
}

/** As sandboxes name them; those of the first versions of strata have one number. */
const ofStep = /^strata-([0-9a-f]{12})(?:-\d+)+$/;

/** Those of all steps on the machine, in every hierarchy and below whatever parent they were given. */
export function stepCgroups(directory = cgroupRoot): StepCgroup[] {
  return directoriesIn(directory).flatMap(({ name }) => {
    const path = join(directory, name);
    const run = ofStep.exec(name)?.[1];
    return run === undefined ? stepCgroups(path) : [{ path, run }];
  });
}

/**
 * Removes the cgroups of runs that died, and their cage with them: one that strata left behind was cleared up after.
 * @returns the runs of which some are still in use, or not ours to remove
 */
export function removeCgroupsOf(runs: ReadonlySet<string>): Set<string> {
  const left = stepCgroups().filter(({ path, run }) => runs.has(run) && !isRemoved(path));
  return new Set(left.map(({ run }) => run));
}

function directoriesOf(path: string): string[] {
  const hierarchies = directoriesIn(cgroupRoot).map(({ name }) => join(cgroupRoot, name));
  return [cgroupRoot, ...hierarchies]
    .map((hierarchy) => join(hierarchy, path))
    .filter((each) => existsSync(each));
}

function isRemoved(directory: string): boolean {
  try {
    removeWithin(directory);
    return !existsSync(directory);
  } catch {
    return false;
  }
}

function removeWithin(directory: string): void {
  for (const { name } of directoriesIn(directory)) removeWithin(join(directory, name));
  try {
    rmdirSync(directory);
  } catch (error) {
    // In use; or somebody else was faster.
    if (!['EBUSY', 'ENOTEMPTY', 'ENOENT'].includes(systemCode(error) ?? '')) throw error;
  }
}

function directoriesIn(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    // It is going away, or closed to us.
    return [];
  }
}
