import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './process.ts';
import type { Site } from './site.ts';

/**
 * What builds left behind, a line each: mounts of the site's store in any process's sight, processes that ran for
 * it or see it, unfinished files and the control groups of their runs. The kernel gets two seconds to end what was
 * killed. Nothing else on the machine counts, whoever left it there.
 */
export async function leftovers(site: Pick<Site, 'root' | 'dir'>): Promise<string[]> {
  const deadline = Date.now() + 2000;
  for (;;) {
    const found = [
      ...processesOf(site.root),
      ...filesIn(join(site.dir, 'tmp')),
      ...filesIn(join(site.root, 'run')),
      ...(await cgroupsOf(runsOf(site.root))).map((path) => `cgroup ${path}`),
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

/** The runs that a store knows: those that go on, and those that died and that nobody swept up after. */
export function runsOf(root: string): string[] {
  const directory = join(root, 'run');
  if (!existsSync(directory)) return [];
  return [...new Set(readdirSync(directory).map((name) => name.replace(/\.lock$/, '')))];
}

/** The control groups of these runs' steps, in every hierarchy and below any parent. */
export async function cgroupsOf(runs: readonly string[]): Promise<string[]> {
  if (runs.length === 0) return [];
  const names = runs.flatMap((id) => ['-o', '-name', `strata-${id}-*`]).slice(1);
  // It complains of groups that go while it looks.
  const { stdout } = await run('find', ['/sys/fs/cgroup', '-type', 'd', '(', ...names, ')', '-print']);
  return stdout.split('\n').filter(Boolean);
}

/**
 * Control groups of steps in which nothing runs and which nobody takes away, of any build on the machine: those of
 * builds that go on are full, or gone in a moment.
 * @param before what was there before
 */
export async function leftCgroups(before: readonly string[]): Promise<string[]> {
  const deadline = Date.now() + 3000;
  const isNew = (path: string) => !before.includes(path);
  for (let left = emptyCgroups().filter(isNew); ; left = left.filter((path) => isEmptyCgroup(path))) {
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(50);
  }
}

/** Those of any build on the machine that are empty just now. */
export function emptyCgroups(): string[] {
  const top = '/sys/fs/cgroup';
  return [top, ...readdirSync(top).map((name) => join(top, name))]
    .filter((dir) => existsSync(join(dir, 'cgroup.procs')))
    .flatMap((dir) => readdirSync(dir).map((name) => join(dir, name)))
    .filter((path) => /\/strata-[^/]+$/.test(path) && isEmptyCgroup(path));
}

function isEmptyCgroup(path: string): boolean {
  return existsSync(path) && textOf(join(path, 'cgroup.procs')) === '';
}
