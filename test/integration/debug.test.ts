/** A step that failed, looked at: in its build, and long after. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

const dockerfile = `FROM strata-base/busybox AS other
RUN echo other > /from-other
FROM strata-base/busybox
ENV COLOR=blue
WORKDIR /srv
RUN --mount=type=bind,source=a.txt,target=/context/a.txt --mount=type=bind,from=other,target=/other \
  --mount=type=cache,target=/cache touch /cache/seen; rm -r /root; echo made > left; exit 7
`;
const look = 'pwd; ls; cat left; echo $COLOR; ls /root; cat /context/a.txt /other/from-other; ls /cache';
const seen = ['/srv', 'left', 'made', 'blue', 'of the context', 'other', 'seen'];

describeBuilds(sandboxNeeds, 'a step that failed', (site) => {
  let context: string;
  const fail = (...flags: string[]) => site.strata(['build', '--progress', 'plain', ...flags, context]);
  const linesOf = (text: string) => text.trim().split(/\r?\n/);
  beforeAll(async () => {
    await site.makeBusyboxBase();
    context = site.files('fails', { Dockerfile: dockerfile, 'a.txt': 'of the context\n' });
  });

  test('before any failure there is nothing to look at', async () => {
    const { code, stderr } = await site.strata(['debug']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('[no-failed-step]')]);
  });

  describe('in its build', () => {
    test('a shell at standard input sees what the step saw and left', async () => {
      const { code, stdout, stderr } = await site.strata(['build', '--on-failure=shell', context], {
        input: `${look}\nexit 0\n`,
      });
      expect([code, linesOf(stdout)]).toEqual([1, seen]);
      expect(stderr).toContain('exit code: 7');
    });

    test.each([
      ['another word', ['--on-failure=ask'], 'bad-flag-value'],
      [
        'a display that would be in the way',
        ['--on-failure=shell', '--progress', 'rawjson'],
        'conflicting-flags',
      ],
    ])('%s', async (_title, flags, error) => {
      const { code, stderr } = await site.strata(['build', ...flags, context]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`[${error}]`)]);
    });
  });

  describe('long after', () => {
    beforeAll(async () => {
      expect((await fail()).code).toBe(1);
    });

    test('a command sees what the step saw and left, and what it changes is thrown away', async () => {
      for (const _round of [1, 2]) {
        const command = `${look}; rm left; echo new > new`;
        const stdout = await site.strataOk(['debug', '--', 'sh', '-c', command]);
        expect(linesOf(stdout)).toEqual(seen);
      }
    });

    test('a shell has the terminal there is', async () => {
      const program = join(import.meta.dirname, '../../bin/strata');
      const command = `${program} --root ${site.root} debug -- sh -c 'tty; echo $TERM'`;
      const stdout = await runOk('script', ['-qec', command, '/dev/null'], {
        env: { TERM: 'vt220' },
      });
      expect(stdout).toContain('/dev/pts/0\r\nvt220\r\n');
    });

    test('how its command ended is how strata ends', async () => {
      expect((await site.strata(['debug', '--', 'sh', '-c', 'exit 9'])).code).toBe(1);
    });

    test('the next failure takes its place, and leaves nothing of it', async () => {
      const used = async () =>
        Number(linesOf(await runOk('du', ['-sk', join(site.root, 'snapshots')]))[0]?.split('\t')[0]);
      const big = site.files('big', {
        Dockerfile: 'FROM strata-base/busybox\nRUN head -c 9000000 /dev/urandom > /big; false\n',
      });
      await site.strata(['build', big]);
      const before = await used();
      await site.strata(['build', big]);
      expect(await used()).toBeLessThan(before + 1000);
      expect(await site.strataOk(['debug', '--', 'wc', '-c', '/big'])).toBe('9000000 /big\n');
      expect((await fail()).code).toBe(1);
      expect(await used()).toBeLessThan(before - 8000);
    });

    test('a prune takes it away, and strata says so', async () => {
      await site.strataOk(['prune', '--all', '--force']);
      expect(existsSync(join(site.root, 'last-failure.json'))).toBe(false);
      expect((await site.strata(['debug'])).stderr).toContain('[no-failed-step]');
    });
  });

  test('one that was shown a secret is not kept', async () => {
    const secret = site.files('secret', {
      Dockerfile: 'FROM strata-base/busybox\nRUN --mount=type=secret,id=s cp /run/secrets/s /kept; false\n',
      token: 'hush-hush-hush',
    });
    const { stderr } = await site.strata(['build', '--secret', `id=s,src=${join(secret, 'token')}`, secret]);
    expect(stderr).not.toContain('strata debug');
    expect((await site.strata(['debug'])).stderr).toContain('[no-failed-step]');
    const found = await runOk('sh', ['-c', `grep -rl hush-hush-hush ${site.root} || true`]);
    expect(found).toBe('');
  });

  test('one that takes longer than each may is stopped', async () => {
    const slow = site.files('slow', { Dockerfile: 'FROM strata-base/busybox\nRUN true\nRUN sleep 60\n' });
    const { code, stderr } = await site.strata(['build', '--step-timeout', '2s', slow]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('took longer than 2 s [step-timed-out]')]);
  });
});
