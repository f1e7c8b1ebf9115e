import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Site } from './site.ts';

/**
 * What builds left behind, a line each: mounts of the site's store in any process's sight, processes that ran for
 * it or see it, unfinished files. The kernel gets two seconds to end what was killed.
 */
export async function leftovers(site: Pick<Site, 'root' | 'dir'>): Promise<string[]> {
  const deadline = Date.now() + 2000;
  for (;;) {
    const found = [
      ...processesOf(site.root),
      ...filesIn(join(site.dir, 'tmp')),
      ...filesIn(join(site.root, 'run')),
    ];
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(50);
  }
}

/** Processes whose environment or mounts name the store. */
function processesOf(root: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const name = (): string => textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      if (textOf(`/proc/${pid}/environ`).split('\0').includes(`STRATA_ROOT=${root}`)) {
        return [`process ${pid} runs: ${name()}`];
      }
      const mount = textOf(`/proc/${pid}/mountinfo`)
        .split('\n')
        .find((line) => line.includes(`${root}/`));
      return mount === undefined ? [] : [`process ${pid} (${name()}) sees the mount ${mount}`];
    });
}

function filesIn(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir).map((name) => `file ${join(dir, name)}`) : [];
}

/** The text of a file of /proc, '' when its process is gone or not ours to read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/**
 * Control groups of steps in which nothing runs and which nobody takes away, of any build on the machine: those of
 * builds that go on are full, or gone in a moment.
 */
export async function leftCgroups(): Promise<string[]> {
  const deadline = Date.now() + 3000;
  for (let left = emptyCgroups(); ; left = left.filter((path) => isEmptyCgroup(path))) {
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(50);
  }
}

function emptyCgroups(): string[] {
  const top = '/sys/fs/cgroup';
  return [top, ...readdirSync(top).map((name) => join(top, name))]
    .filter((dir) => existsSync(join(dir, 'cgroup.procs')))
    .flatMap((dir) => readdirSync(dir).map((name) => join(dir, name)))
    .filter((path) => /\/strata-[^/]+$/.test(path) && isEmptyCgroup(path));
}

function isEmptyCgroup(path: string): boolean {
  return existsSync(path) && textOf(join(path, 'cgroup.procs')) === '';
}
