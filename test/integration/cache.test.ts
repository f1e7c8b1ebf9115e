import { chmodSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { recordedBuild } from '../support/recorded-build.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a build that was built before', (site) => {
  const dockerfile = `
FROM strata-base/busybox AS tools
RUN echo tool > /tool

FROM strata-base/busybox
WORKDIR /app
COPY first first
RUN cat first/* > firsts
COPY second.txt .
COPY --from=tools /tool .
RUN cat second.txt tool > seconds
CMD ["cat", "firsts", "seconds"]
`;
  const steps = [
    '[tools 2/2] RUN echo tool > /tool',
    '[stage-1 2/7] WORKDIR /app',
    '[stage-1 3/7] COPY first first',
    '[stage-1 4/7] RUN cat first/* > firsts',
    '[stage-1 5/7] COPY second.txt .',
    '[stage-1 6/7] COPY --from=tools /tool .',
    '[stage-1 7/7] RUN cat second.txt tool > seconds',
  ];
  const context = site.path('app');
  const build = (...args: string[]): ReturnType<typeof recordedBuild> =>
    recordedBuild(site, ['-t', 'app', ...args, context]);
  /** The steps of the Dockerfile with their results: those whose number is in `ran` ran. */
  const results = (...ran: number[]): [string, string][] =>
    steps.map((label, index) => [label, ran.includes(index) ? 'run' : 'cached']);

  let digest = '';
  beforeAll(async () => {
    await site.makeBusyboxBase();
    site.files('app', { Dockerfile: dockerfile, 'first/a': 'a', 'first/b': 'b', 'second.txt': 'second' });
    const first = await build();
    expect(first.steps).toEqual(results(0, 1, 2, 3, 4, 5, 6));
    digest = first.digest;
  });

  test('runs nothing and is the same image', async () => {
    expect(await build()).toEqual({ digest, steps: results() });
  });

  test('runs nothing when a file was only touched', async () => {
    utimesSync(join(context, 'first/a'), new Date(), new Date(0));
    expect(await build()).toEqual({ digest, steps: results() });
  });

  test('runs nothing when a comment, a file nobody copies or the order of building changed', async () => {
    site.files('app', { Dockerfile: `# a comment\n${dockerfile}`, 'third.txt': 'third' });
    expect(await build('--max-parallelism', '1')).toEqual({ digest, steps: results() });
  });

  test('runs nothing from a copy of the context elsewhere', async () => {
    const elsewhere = site.files('elsewhere', {
      Dockerfile: dockerfile,
      'first/b': 'b',
      'first/a': 'a',
      'second.txt': 'second',
    });
    expect(await recordedBuild(site, ['-t', 'app', elsewhere])).toEqual({ digest, steps: results() });
  });

  test('reruns from a changed byte on, and nothing before it', async () => {
    writeFileSync(join(context, 'second.txt'), 'sekond');
    const changed = await build();
    // The stage `tools` stands on nothing that changed.
    expect(changed.steps).toEqual(results(4, 5, 6));
    expect(changed.digest).not.toBe(digest);
    writeFileSync(join(context, 'second.txt'), 'second');
    expect(await build()).toEqual({ digest, steps: results() });
  });

  test('reruns from a changed mode on', async () => {
    chmodSync(join(context, 'first/a'), 0o755);
    expect((await build()).steps).toEqual(results(2, 3, 4, 5, 6));
    chmodSync(join(context, 'first/a'), 0o644);
    expect(await build()).toEqual({ digest, steps: results() });
  });

  test('reruns everything with --no-cache', async () => {
    expect((await build('--no-cache')).steps).toEqual(results(0, 1, 2, 3, 4, 5, 6));
  });
});
