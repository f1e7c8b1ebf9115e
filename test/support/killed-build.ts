import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { leakedBy } from './doctor.ts';
import { cgroupsOf, leftovers, runsOf } from './leftovers.ts';
import type { RunOptions } from './process.ts';
import type { Site } from './site.ts';
import type { Person } from './unprivileged.ts';

/** Kills a person's build in the middle of a RUN: only files are left of it, and the next build takes those away. */
export async function expectOnlyFilesOfKilled(site: Site, person: Person): Promise<void> {
  const dockerfile = (name: string, run: string) =>
    site.files(name, { Dockerfile: `FROM busybox\nRUN ${run}\n` });
  const slow = dockerfile('slow', 'echo it runs now; chown 3:3 /tmp; sleep 60');
  const { code } = await person.strata(['build', '--progress', 'plain', slow], {
    env: { STRATA_ROOT: person.root },
    ...onceItRuns((pid) => process.kill(pid, 'SIGKILL')),
  });
  expect(code).toBe(137);
  const own = { ...site, root: person.root };
  expect((await leftovers(own)).filter((line) => !line.startsWith('file '))).toEqual([]);
  const killed = runsOf(person.root);
  expect(killed).toHaveLength(1);
  expect(await leakedBy(person)).toEqual([]);
  await person.strataOk(['build', dockerfile('quick', 'true')]);
  expect(await leftovers(own)).toEqual([]);
  expect(await cgroupsOf(killed)).toEqual([]);
}

/** What to run a build with, in the plain progress, to do something once its step has printed `it runs now`. */
export function onceItRuns(work: (pid: number) => void): Pick<RunOptions, 'onStart' | 'onOutput'> {
  let pid = 0;
  return {
    onStart: (started) => {
      pid = started;
    },
    onOutput: (text) => {
      if (pid === 0 || !/\d it runs now$/m.test(text)) return;
      const build = pid;
      pid = 0;
      work(build);
    },
  };
}

/**
 * Kills a process and all that it started in one moment, as a CI system kills a job: they are stopped first, so that
 * none can do anything about the death of another.
 */
export function killWhole(pid: number): void {
  const stopped = new Set<number>();
  for (;;) {
    const more = familyOf(pid).filter((each) => !stopped.has(each));
    if (more.length === 0) break;
    for (const each of more) {
      stopped.add(each);
      signal(each, 'SIGSTOP');
    }
  }
  for (const each of stopped) signal(each, 'SIGKILL');
}

/** A process and its descendants, in whatever namespaces. */
function familyOf(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(name) }));
  const family = [pid];
  for (const one of family) {
    family.push(...parents.filter(({ parent }) => parent === one).map((child) => child.pid));
  }
  return family;
}

function parentOf(pid: string): number {
  try {
    // The name before it, in parentheses, may hold anything.
    return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(')').at(-1)?.split(' ')[2]);
  } catch {
    return 0;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
