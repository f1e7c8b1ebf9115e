/** Builds that need the same step at the same time: one runs it, the others wait, and one of them takes over when it dies. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { describeBuilds } from '../support/site.ts';

const buildCount = 40;
const dockerfiles = 4;

describeBuilds(sandboxNeeds, 'builds that start together on one store', (site) => {
  /** What steps wrote into the cache mount of an id: a line for each time one ran. */
  const cacheDirectory = (id: string): string => {
    const caches = join(site.root, 'cache-mounts');
    const found = readdirSync(caches)
      .filter((name) => /^[0-9a-f]{32}$/.test(name))
      .find((name) => readFileSync(join(caches, name, 'id'), 'utf8').trim() === id);
    return join(caches, found ?? '', 'files');
  };
  /** A step that is counted by what it leaves outside of its layer, and is the same whenever it runs. */
  const counted = (name: string, command: string): string =>
    `RUN --mount=type=cache,id=runs,target=/runs echo ${name} >> /runs/log && ${command} && touch -d @1 /${name}`;

  beforeAll(async () => {
    await site.makeBusyboxBase();
    for (let n = 0; n < dockerfiles; n++) {
      const dockerfile = [
        'FROM strata-base/busybox AS shared',
        counted('first', 'head -c 200000 /dev/zero > /first'),
        'FROM strata-base/busybox',
        counted('second', 'sleep 0.3 && echo 2 > /second'),
        'COPY file /file',
        'COPY --from=shared /first /copied',
        counted(`own-${n}`, `echo ${n} > /own-${n}`),
        '',
      ].join('\n');
      site.files(`app-${n}`, { Dockerfile: dockerfile, file: 'content' });
    }
  });

  test(`${buildCount} of ${dockerfiles} Dockerfiles: each step runs once, each image is one`, async () => {
    const builds = Array.from({ length: buildCount }, async (_, index) => {
      const n = index % dockerfiles;
      const metadata = site.path(`metadata-${index}.json`);
      const epoch = ['--build-arg', 'SOURCE_DATE_EPOCH=1000000000'];
      const args = ['build', '--progress', 'quiet', ...epoch, '-t', `app-${n}`, '--metadata-file', metadata];
      const { code, stderr } = await site.strata([...args, site.path(`app-${n}`)]);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      const { 'containerimage.digest': digest } = JSON.parse(readFileSync(metadata, 'utf8'));
      return `app-${n} ${digest}`;
    });
    const images = new Set(await Promise.all(builds));
    expect(images.size).toBe(dockerfiles);
    const log = readFileSync(join(cacheDirectory('runs'), 'log'), 'utf8')
      .trimEnd()
      .split('\n')
      .sort();
    expect(log).toEqual(['first', 'own-0', 'own-1', 'own-2', 'own-3', 'second']);
  });

  test('when the one that runs a step is killed, one that waits runs it', async () => {
    const context = site.files('mortal', {
      Dockerfile:
        'FROM strata-base/busybox\n' +
        'RUN --mount=type=cache,id=mortal,target=/c echo started >> /c/log && echo it runs now && { test -e /c/go || sleep 3600; }\n',
    });
    const build = ['build', '--progress', 'plain', context];
    let waiters: Promise<{ code: number }>[] = [];
    let isWaiting: () => void = () => {};
    const waiting = new Promise<void>((resolve) => {
      isWaiting = resolve;
    });
    let pid = 0;
    const holder = site.strata(build, {
      onStart: (started) => (pid = started),
      onOutput: (text) => {
        if (waiters.length > 0 || !/\d it runs now$/m.test(text)) return;
        waiters = [1, 2, 3].map(() =>
          site.strata(build, {
            onOutput: (said) => {
              if (said.includes('another build is running this step')) isWaiting();
            },
          }),
        );
      },
    });
    await waiting;
    // Whoever takes over need not sleep.
    writeFileSync(join(cacheDirectory('mortal'), 'go'), '');
    process.kill(pid, 'SIGKILL');
    expect((await holder).code).toBe(137);
    expect((await Promise.all(waiters)).map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(readFileSync(join(cacheDirectory('mortal'), 'log'), 'utf8')).toBe('started\nstarted\n');
    // The directory of the dead one goes with the next build.
    await site.strataOk(build);
  });
});
