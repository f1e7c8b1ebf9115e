/** What builds remove by themselves, by the defaults, and what they leave alone. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(['root', 'overlay', 'skopeo'], 'a store that grew over a quarter of its disk', (site) => {
  const disk = site.path('disk');
  const env = { STRATA_ROOT: join(disk, 'store') };
  const [diskBytes, fileBytes] = [64 << 20, 4 << 20];
  const context = site.path('app');
  const strata = (...args: string[]) => site.strataOk(args, { env });
  const held = async () => JSON.parse(await strata('du', '--json')).totalBytes as number;
  const build = async (...args: string[]) => {
    writeFileSync(join(context, 'file'), randomBytes(fileBytes));
    await strata('build', '-q', ...args, context);
  };
  const hoursAgo = (hours: number) => {
    const time = Date.now() / 1000 - hours * 3600;
    utimesSync(join(env.STRATA_ROOT, 'locks/prune'), time, time);
  };

  test('is pruned by a build, at most once an hour: the least recently used, nothing that has a name', async () => {
    mkdirSync(disk);
    site.files('app', { Dockerfile: 'FROM scratch\nCOPY file /\n' });
    await runOk('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk]);
    try {
      await build('-t', 'kept:1');
      for (let count = 0; count < 5; count++) await build();
      const before = await held();
      expect(before).toBeGreaterThan(diskBytes / 4);
      hoursAgo(0.9);
      await strata('build', '-q', '--fail-on-miss', context);
      expect(await held()).toBeGreaterThan(diskBytes / 4);
      hoursAgo(1.1);
      await strata('build', '-q', '--fail-on-miss', context);
      await expect.poll(held, { timeout: 30_000, interval: 200 }).toBeLessThan(diskBytes / 4);
      // What was used last is there, and the named image is whole.
      await strata('build', '-q', '--fail-on-miss', context);
      const image = `oci:${env.STRATA_ROOT}/images:docker.io/library/kept:1`;
      await runOk('skopeo', ['copy', '-q', image, `oci:${site.path('copy')}`]);
    } finally {
      await expect
        .poll(
          () =>
            runOk('umount', [disk]).then(
              () => true,
              () => false,
            ),
          { timeout: 10_000 },
        )
        .toBe(true);
    }
  });
});
