import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stepCgroups } from '../../sandbox/limits/step-cgroups.ts';
import { kernelText } from './kernel-text.ts';
import type { Leftover } from './leftover.ts';

/** A cgroup that is just being made or removed is empty as well. */
const settleMs = 500;

/**
 * Cgroups of steps that nothing runs in, of any store but those of runs that this one knows: they go with their run or,
 * where that died, with the next build.
 */
export async function emptyCgroups(root: string): Promise<Leftover[]> {
  // The first version of cgroups says nothing of what is populated.
  const isEmpty = (path: string) =>
    existsSync(path) &&
    !/^populated 1$/m.test(kernelText(join(path, 'cgroup.events'))) &&
    kernelText(join(path, 'cgroup.procs')) === '';
  const found = stepCgroups()
    .filter(({ run }) => !existsSync(join(root, 'run', `${run}.lock`)))
    .map(({ path }) => path)
    .filter(isEmpty);
  if (found.length === 0) return [];
  await delay(settleMs);
  return found.filter(isEmpty).map((path) => ({
    kind: 'cgroup',
    text: `a control group of a step that is gone: ${path}`,
    remedy: `find '${path}' -depth -type d -exec rmdir {} +`,
  }));
}
