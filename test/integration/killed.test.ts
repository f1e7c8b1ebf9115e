import { existsSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { findingsOf, leakedBy } from '../support/doctor.ts';
import { killWhole, onceItRuns } from '../support/killed-build.ts';
import { cgroupsOf, leftovers, runsOf } from '../support/leftovers.ts';
import { recordedBuild } from '../support/recorded-build.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a build that is stopped', (site) => {
  const context = site.path('app');
  const dest = site.path('app.tar');
  const args = ['build', '-t', 'app', '--progress', 'plain', '--output', `type=oci,dest=${dest}`, context];
  beforeAll(async () => {
    await site.makeBusyboxBase();
    site.files('app', {
      Dockerfile: `
FROM strata-base/busybox
RUN dd if=/dev/urandom of=/noise bs=1M count=4 2> /dev/null
RUN echo it runs now && sleep 60 & wait
`,
    });
  });

  /** Sends the signal while the last step runs, and returns the exit status. */
  const stopWith = async (signal: NodeJS.Signals): Promise<number> => {
    let pid = 0;
    let isSent = false;
    const { code } = await site.strata(args, {
      onStart: (started) => (pid = started),
      onOutput: (text) => {
        if (isSent || !/\d it runs now$/m.test(text)) return;
        isSent = true;
        // The step before is still being written while this one runs.
        setTimeout(() => process.kill(pid, signal), 1000);
      },
    });
    return code;
  };

  test.each([
    ['kill -9', 'SIGKILL', 137],
    ['its terminal being closed', 'SIGHUP', 129],
  ] as const)(
    'by %s leaves no process and no mount, nothing at the destination, and what was finished',
    async (_how, signal, status) => {
      expect(await stopWith(signal)).toBe(status);
      // Its workspace stays, with nobody alive to remove it: the next build does.
      expect((await leftovers(site)).filter((line) => !line.startsWith('file '))).toEqual([]);
      expect(existsSync(dest)).toBe(false);

      const finished =
        'FROM strata-base/busybox\nRUN dd if=/dev/urandom of=/noise bs=1M count=4 2> /dev/null\n';
      const dockerfile = join(site.files('finished', { Dockerfile: finished }), 'Dockerfile');
      const { steps } = await recordedBuild(site, ['-f', dockerfile, context]);
      expect(steps.map(([, result]) => result)).toEqual(['cached']);
      expect(await leftovers(site)).toEqual([]);
    },
  );

  test.each([
    ['in a step', 'runc', []],
    ['in a step of crun', 'crun', []],
    ['in a step of a group', 'runc', ['--cgroup-parent', `strata-test-${process.pid}`]],
  ])(
    'killed %s with all that it started, leaves nothing that the next one does not take away',
    async (_where, runtime, flags) => {
      await site.strata(
        [...args.slice(0, -1), '--no-cache', '--runtime', runtime, ...flags, context],
        onceItRuns(killWhole),
      );
      const killed = runsOf(site.root);
      expect(killed).toHaveLength(1);
      const cgroups = await cgroupsOf(killed);
      expect(cgroups).not.toEqual([]);
      expect(findingsOf(await site.strata(['doctor', '--json']))).toContainEqual({
        name: 'leftovers',
        verdict: 'ok',
        text: `none but 1 directory and ${cgroups.length} control group${cgroups.length === 1 ? '' : 's'} that the next build removes`,
      });

      await site.strataOk(['build', site.files('next', { Dockerfile: 'FROM strata-base/busybox\n' })]);
      expect(await leftovers(site)).toEqual([]);
      expect(await cgroupsOf(killed)).toEqual([]);
      for (const parent of new Set(cgroups.map(dirname))) {
        if (parent.endsWith(`/strata-test-${process.pid}`)) rmdirSync(parent);
      }
    },
  );

  test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])('by %s says so and leaves nothing', async (signal) => {
    expect(await stopWith(signal)).toBe(130);
    expect(await leftovers(site)).toEqual([]);
    expect(existsSync(dest)).toBe(false);
  });

  test('by --timeout says so and leaves nothing', async () => {
    const { code, stderr } = await site.strata([...args, '--timeout', '1s']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('it took longer than --timeout 1s [timed-out]'),
    ]);
    expect(existsSync(dest)).toBe(false);
  });

  test('by two signals at once stops at once and leaves nothing that runs', async () => {
    let pid = 0;
    const { code } = await site.strata(args, {
      onStart: (started) => (pid = started),
      onOutput: (text) => {
        if (!/\d it runs now$/m.test(text)) return;
        killIfThere(pid, 'SIGINT');
        killIfThere(pid, 'SIGINT');
      },
    });
    expect(code).toBe(130);
    expect((await leftovers(site)).filter((line) => !line.startsWith('file '))).toEqual([]);
    // Its workspace goes with the next build.
    await site.strataOk(['build', site.files('next', { Dockerfile: 'FROM strata-base/busybox\n' })]);
  });

  test('at any moment never gives the next one a wrong start', async () => {
    const small = site.files('small', {
      Dockerfile:
        'FROM strata-base/busybox\nARG N\nRUN echo $N > /a\nRUN cat /a /a > /b\nRUN test "$(cat /b)" = "$(cat /a /a)"\n',
    });
    for (let round = 0; round < 8; round++) {
      const build = ['build', '--build-arg', `N=${round}`, small];
      await site.strata(build, {
        onStart: (pid) => void sleep(150 + 60 * round).then(() => killIfThere(pid)),
      });
      expect(await leakedBy(site)).toEqual([]);
      const killed = runsOf(site.root);
      await site.strataOk(build);
      expect(await leftovers(site)).toEqual([]);
      expect(await cgroupsOf(killed)).toEqual([]);
    }
  });
});

function killIfThere(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It was faster.
  }
}
