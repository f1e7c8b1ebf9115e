/** RUN --mount=type=cache between builds, each a process of its own: who waits, who has its own, who shares. */
import { beforeAll, describe, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'cache mounts of builds at the same time', (site) => {
  beforeAll(() => site.makeBusyboxBase());

  /** Builds a Dockerfile several times at once, each time with another N. */
  const buildAtOnce = (name: string, times: number, ...lines: string[]) => {
    const dockerfile = ['FROM strata-base/busybox', 'ARG N', ...lines, ''].join('\n');
    const context = site.files(name, { Dockerfile: dockerfile });
    return Promise.all(
      Array.from({ length: times }, async (_, n) => {
        const args = ['build', '--progress', 'plain', '--build-arg', `N=${n}`, context];
        const { code, stderr } = await site.strata(args);
        return { code, stderr: code === 0 ? '' : stderr };
      }),
    );
  };
  const ok = { code: 0, stderr: '' };
  /** Fails when somebody else is in the cache meanwhile. */
  const alone = 'mkdir /c/held && sleep 0.5 && rmdir /c/held && echo $N >> /c/log';

  test('locked: one after the other, and all in one directory', async () => {
    const mount = 'type=cache,id=locked,target=/c,sharing=locked';
    expect(await buildAtOnce('locked', 3, `RUN --mount=${mount} ${alone}`)).toEqual([ok, ok, ok]);
    expect(await buildAtOnce('log', 1, `RUN --mount=${mount} [ $(wc -l < /c/log) = 3 ]`)).toEqual([ok]);
  });

  test('private: nobody waits, nobody meets another', async () => {
    const meet = 'mkdir /there/$N; until [ $(ls /there | wc -l) = 3 ]; do sleep 0.05; done';
    const mounts =
      '--mount=type=cache,id=private,target=/c,sharing=private --mount=type=cache,id=meeting,target=/there';
    // None goes on before all are there: were one to wait for another, none would ever end.
    const builds = buildAtOnce('private', 3, `RUN ${mounts} mkdir /c/held && ${meet} && rmdir /c/held`);
    expect(await builds).toEqual([ok, ok, ok]);
  });

  test('shared: all at once in one directory', async () => {
    const meet = 'mkdir /c/$N; until [ $(ls /c | wc -l) = 3 ]; do sleep 0.05; done';
    expect(await buildAtOnce('shared', 3, `RUN --mount=type=cache,id=shared,target=/c ${meet}`)).toEqual([
      ok,
      ok,
      ok,
    ]);
  });

  test.each([
    ['as the directory its first content is from', 'from=seed,source=/d', '711 5:6 f'],
    ['of the directory whatever the mount says', 'from=seed,source=/d,mode=0700,uid=7', '711 5:6 f'],
    ['as the mount says, and empty then, without a directory', 'from=seed,mode=0700,uid=7', '700 7:0'],
    ['as the mount says', 'mode=0700,gid=8', '700 0:8'],
    ['of root', 'id=of-root', '755 0:0'],
  ])('the mode and owner of a new cache: %s', async (title, options, want) => {
    const dockerfile = [
      'FROM strata-base/busybox AS seed',
      'RUN mkdir /d && chmod 0711 /d && chown 5:6 /d && touch /d/f',
      'FROM strata-base/busybox',
      `RUN --mount=type=cache,target=/seeded,${options} \\`,
      `  [ "$(echo $(stat -c '%a %u:%g' /seeded) $(ls /seeded))" = "${want}" ]`,
    ];
    const context = site.files(title.replaceAll(/\W/g, '-'), { Dockerfile: dockerfile.join('\n') });
    expect(await site.strata(['build', '--progress', 'plain', context])).toMatchObject({ code: 0 });
  });

  describe('a source without from', () => {
    const whole = '--mount=type=cache,id=parts,target=/c';
    const part = (source: string) => `--mount=type=cache,id=parts,source=${source},target=/part`;
    const built = (name: string, ...runs: string[]) => {
      const context = site.files(name, {
        Dockerfile: ['FROM strata-base/busybox', ...runs.map((run) => `RUN ${run}`)].join('\n'),
      });
      return site.strata(['build', '--progress', 'plain', context]);
    };

    test('is a directory of the same cache', async () => {
      const { code, stderr } = await built(
        'part',
        `${whole} mkdir -p /c/a/b && echo kept > /c/a/b/f && ln -s /a/b /c/link`,
        `${part('/a/b')} cat /part/f && mv /part/f /part/g`,
        `${part('link')} mv /part/g /part/h`,
        `${whole} find /c -type f`,
      );
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/ kept\n(.*\n)*.* \/c\/a\/b\/h\n/),
      });
    });

    test.each([
      ['not there', 'true', 'absent'],
      ['behind a link out of the cache', 'ln -sfn / /c/out', 'out/etc'],
      ['a link to what is elsewhere', 'ln -sfn ../../../../../../../etc /c/up', 'up'],
      ['a file', 'touch /c/file', 'file'],
    ])('that is %s is an error', async (title, make, source) => {
      const { code, stderr } = await built(
        title.replaceAll(' ', '-'),
        `${whole} ${make}`,
        `${part(source)} ls /part`,
      );
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(
          `"${source}" not found: the cache parts has no such directory to mount at /part [source-not-found]`,
        ),
      });
    });
  });

  test('a cache that one step shows twice is one directory, and no step waits for itself', async () => {
    const twice = ['/c', '/d'].map((target) => `--mount=type=cache,id=twice,target=${target},sharing=locked`);
    expect(await buildAtOnce('twice', 1, `RUN ${twice.join(' ')} echo 1 > /c/a && cat /d/a`)).toEqual([ok]);
  });

  test('steps that lock the same caches in another order do not wait for each other', async () => {
    const [a, b] = ['a', 'b'].map((id) => `--mount=type=cache,id=${id},target=/${id},sharing=locked`);
    const step = (mounts: string) => `RUN ${mounts} sleep 0.2; echo $N`;
    const dockerfile = (first?: string, second?: string) => [
      step(`${first} ${second}`),
      step(`${second} ${first}`),
      step(`${first} ${second}`),
    ];
    const builds = [
      ...(await Promise.all([
        buildAtOnce('ab', 2, ...dockerfile(a, b)),
        buildAtOnce('ba', 2, ...dockerfile(b, a)),
      ])),
    ];
    expect(builds.flat()).toEqual([ok, ok, ok, ok]);
  });
});
