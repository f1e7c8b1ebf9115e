import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { listDirectory } from '../disk-use/store-files.ts';
import { kernelText } from './kernel-text.ts';
import type { Leftover } from './leftover.ts';

/** A cgroup that is just being made or removed is empty as well. */
const settleMs = 500;

/** Cgroups of steps that nothing runs in, of any store: their names do not say of which. */
export async function emptyCgroups(): Promise<Leftover[]> {
  // The first version of cgroups says nothing of what is populated.
  const isEmpty = (path: string) =>
    existsSync(path) &&
    !/^populated 1$/m.test(kernelText(join(path, 'cgroup.events'))) &&
    kernelText(join(path, 'cgroup.procs')) === '';
  const found = cgroupsOfSteps('/sys/fs/cgroup').filter(isEmpty);
  if (found.length === 0) return [];
  await delay(settleMs);
  return found.filter(isEmpty).map((path) => ({
    kind: 'cgroup',
    text: `a control group of a step that is gone: ${path}`,
    remedy: `find '${path}' -depth -type d -exec rmdir {} +`,
  }));
}

function cgroupsOfSteps(directory: string): string[] {
  return listDirectory(directory, '').flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = join(directory, entry.name);
    return /^strata-[0-9a-f]{12}-\d+$/.test(entry.name) ? [path] : cgroupsOfSteps(path);
  });
}
