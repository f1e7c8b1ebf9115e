/**
 * Whether the kernel refused a step a process at its limit. The runtime removes the step's cgroup, and the count
 * with it, the moment the step ends. So the kernel is asked to say when the count changes: what it said can be read
 * after the file has gone. In the first version of cgroups Linux 6.11 and newer say nothing, so the count is looked
 * at while the step runs, too; there a step that ends faster than the next look has merely failed.
 */
import { existsSync, type FSWatcher, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { cgroupRoot } from './cgroup-place.ts';

/** A container takes several times as long from its cgroup to the first process of the step. */
const intervalMs = 5;

export interface ProcessWatch {
  /** Once: the watch ends. */
  wasRefused(): Promise<boolean>;
}

/** @param cgroup of the step, below the mount point of each hierarchy; the runtime is about to make it */
export function watchProcesses(cgroup: string): ProcessWatch {
  // The second version of cgroups, and the first.
  const files = [cgroupRoot, join(cgroupRoot, 'pids')].map((root) => join(root, cgroup, 'pids.events'));
  let isRefused = false;
  let watcher: FSWatcher | undefined;
  const timer = setInterval(() => {
    const file = files.find((each) => existsSync(each));
    if (file === undefined) return;
    watcher ??= watchChanges(file, () => {
      isRefused = true;
    });
    isRefused ||= hasRefusals(file);
  }, intervalMs);
  timer.unref();
  return {
    async wasRefused() {
      // What the kernel has said and nobody has read yet.
      await setImmediate();
      clearInterval(timer);
      watcher?.close();
      return isRefused;
    },
  };
}

/** Undefined where the file has gone. */
function watchChanges(file: string, tell: () => void): FSWatcher | undefined {
  try {
    return watch(file, { persistent: false }, (event) => {
      if (event === 'change') tell();
    });
  } catch {
    return undefined;
  }
}

function hasRefusals(file: string): boolean {
  try {
    return /^max [1-9]/m.test(readFileSync(file, 'latin1'));
  } catch {
    // It went away in between, with the step.
    return false;
  }
}
