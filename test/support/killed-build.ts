import { expect } from 'vitest';
import { leakedBy } from './doctor.ts';
import { leftovers } from './leftovers.ts';
import type { Site } from './site.ts';
import type { Person } from './unprivileged.ts';

/** Kills a person's build in the middle of a RUN: only files are left of it, and the next build takes those away. */
export async function expectOnlyFilesOfKilled(site: Site, person: Person): Promise<void> {
  const dockerfile = (name: string, run: string) =>
    site.files(name, { Dockerfile: `FROM busybox\nRUN ${run}\n` });
  let pid = 0;
  const slow = dockerfile('slow', 'echo it runs now; chown 3:3 /tmp; sleep 60');
  const { code } = await person.strata(['build', '--progress', 'plain', slow], {
    env: { STRATA_ROOT: person.root },
    onStart: (started) => (pid = started),
    onOutput: (text) => {
      if (/\d it runs now$/m.test(text) && pid > 0) process.kill(pid, 'SIGKILL');
    },
  });
  expect(code).toBe(137);
  const own = { ...site, root: person.root };
  expect((await leftovers(own)).filter((line) => !line.startsWith('file '))).toEqual([]);
  expect(await leakedBy(person)).toEqual([]);
  await person.strataOk(['build', dockerfile('quick', 'true')]);
  expect(await leftovers(own)).toEqual([]);
}
