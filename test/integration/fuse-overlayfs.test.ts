/** Builds of an ordinary user whose files fuse-overlayfs mounts, as where the kernel refuses to. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { busyboxRootfs } from '../support/bases.ts';
import { findProgram, sandboxNeeds } from '../support/capabilities.ts';
import { expectOnlyFilesOfKilled } from '../support/killed-build.ts';
import { leftovers } from '../support/leftovers.ts';
import { run } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';
import { configure, makePerson, type Person } from '../support/unprivileged.ts';

describeBuilds([...sandboxNeeds, 'newuidmap', 'fuse-overlayfs'], 'fuse-overlayfs', (site) => {
  let person: Person;
  beforeAll(async () => {
    person = await makePerson(site.path('person'), 65_536);
    const context = site.path('busybox');
    mkdirSync(context, { recursive: true });
    await busyboxRootfs(context);
    copyFileSync(join(projectDir, 'fixtures/busybox-base/Dockerfile'), join(context, 'Dockerfile'));
    await person.strataOk(['build', '-t', 'busybox', context]);
    configure(person, { snapshotter: 'fuse-overlayfs' });
  });
  afterAll(() => person?.remove());

  const dockerfile = (name: string, text: string) =>
    site.files(name, { Dockerfile: `FROM busybox\n${text}` });
  const built = (...args: string[]) => person.strata(['build', '--progress', 'plain', ...args]);

  test.each(['runc', 'crun'])(
    'mounts what a step works in, with %s, and is gone with the build',
    async (runtime) => {
      const look = 'RUN grep " / " /proc/mounts\n';
      const bind = 'RUN --mount=from=busybox,target=/mnt grep " /mnt " /proc/mounts\n';
      const context = dockerfile(`mounted-${runtime}`, `${look}${bind}`);
      const { code, stderr } = await built('--no-cache', '--runtime', runtime, context);
      expect(stderr).toMatch(/ fuse-overlayfs \/ fuse.fuse-overlayfs rw,/);
      expect(stderr).toMatch(/ fuse-overlayfs \/mnt fuse.fuse-overlayfs ro,/);
      expect(code).toBe(0);
      expect(await leftovers({ ...site, root: person.root })).toEqual([]);
    },
  );

  test('is killed with the build, and leaves its files to the next one', () =>
    expectOnlyFilesOfKilled(site, person));

  test('that ends before the step does fails the build, whatever the step says', async () => {
    // A user of the machine may end what is theirs; so may a machine without memory.
    const context = dockerfile('lost', 'RUN echo it runs now; sleep 2; echo x > /file; true\n');
    let isEnded = false;
    const { code, stderr } = await person.strata(['build', '--progress', 'plain', context], {
      onOutput: (text) => {
        if (!/\d it runs now$/m.test(text) || isEnded) return;
        isEnded = true;
        for (const pid of serversOf(person.root)) process.kill(pid, 'SIGKILL');
      },
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('[overlay-lost]')]);
  });

  test('that is missing is told with what mends it, and nothing else is tried', async () => {
    const hide = 'mount --bind /dev/null "$1" && shift && exec "$@"';
    const command = person.strataCommand(['build', dockerfile('missing', 'RUN echo missing\n')]);
    const args = ['--mount', 'sh', '-c', hide, 'sh', findProgram('fuse-overlayfs') ?? '', ...command];
    const { code, stderr } = await run('unshare', args, { cwd: person.home, env: { HOME: person.home } });
    expect(code).toBe(1);
    expect(stderr).toContain('the configuration asks for fuse-overlayfs: fuse-overlayfs is not installed');
    expect(stderr).toContain('apt-get install fuse-overlayfs');
  });
});

/** The processes that serve files of a store. */
function serversOf(root: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return program.endsWith('/fuse-overlayfs') && args.some((each) => each.startsWith(`${root}/`));
      } catch {
        // Gone meanwhile.
        return false;
      }
    })
    .map(Number);
}
