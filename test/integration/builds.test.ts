/** What builds leave on record, and what is told of it. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BuildOverview, BuildReport } from '../../src/build/record/build-report.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'registry'], 'builds on record', (site) => {
  let registry: Registry;
  let context: string;
  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    await site.makeBusyboxBase();
    context = site.files('app', {
      Dockerfile: [
        'FROM strata-base/busybox AS left',
        'RUN sleep 1 && echo left > /left',
        'FROM strata-base/busybox AS right',
        'RUN sleep 1 && sleep 2 && echo right > /right',
        'FROM strata-base/busybox',
        'COPY text /text',
        'COPY --from=left /left /',
        'COPY --from=right /right /',
        '',
      ].join('\n'),
      text: 'one\n',
    });
  });
  afterAll(() => registry?.stop());

  const name = () => `${registry.host}/team/app:1`;
  const build = (...args: string[]) =>
    site.strata(['build', '--progress', 'plain', '-t', name(), ...args, context]);
  const lastLines = (text: string, count: number) => text.trimEnd().split('\n').slice(-count);
  const show = async (...args: string[]): Promise<BuildReport> =>
    JSON.parse(await site.strataOk(['builds', 'show', '--json', ...args]));
  const blobBytes = (digests: readonly string[]) =>
    digests.reduce((sum, digest) => sum + statSync(registry.blobFile(digest)).size, 0);

  test('the first one sends everything but what is there', async () => {
    const { code, stderr } = await build('--push');
    expect(code).toBe(0);
    const [first, second] = lastLines(stderr, 2);
    expect(first).toMatch(
      /^build 2: 5 steps run in \d+\.\ds; slowest: RUN sleep 1 && sleep 2 && echo… \d\.\ds, RUN sleep 1 && echo left > \/left \d\.\ds$/,
    );
    expect(second).toMatch(
      /^ {2}layers: 1 \(.*\) reused, 3 \(\d+B\) new; pushed to .*\/team\/app: .* sent, 0B there already$/,
    );

    const report = await show();
    expect(report).toMatchObject({
      schemaVersion: 1,
      build: 2,
      outcome: 'done',
      previous: null,
      context,
      names: [name()],
    });
    const [image] = report.images;
    const manifest = JSON.parse(readFileSync(registry.blobFile(image?.digest ?? ''), 'utf8'));
    expect(image?.layers).toEqual(
      manifest.layers.map(({ digest, size }: { digest: string; size: number }, index: number) => ({
        digest,
        sizeBytes: size,
        origin: index === 0 ? 'base' : 'run',
      })),
    );
    const all = [manifest.config.digest, ...manifest.layers.map(({ digest }: { digest: string }) => digest)];
    expect(report.pushes).toEqual([
      {
        repository: `${registry.host}/team/app`,
        sent: { blobs: all.length, bytes: blobBytes(all) },
        mounted: { blobs: 0, bytes: 0 },
        skipped: { blobs: 0, bytes: 0 },
      },
    ]);
    expect(report.work.map(({ label }) => label)).toEqual([
      expect.stringContaining('load metadata'),
      '[left 1/2] FROM docker.io/strata-base/busybox:latest',
      expect.stringMatching(/^pushing /),
    ]);
    const [, number] = /^#(\d+) \[left 1\/2\] FROM/m.exec(stderr) ?? [];
    expect(stderr).toMatch(new RegExp(`^#${number} extracting sha256:\\w+ .* done$`, 'm'));
    const [, unpacking] = report.work;
    const ready = (unpacking?.startedAt ?? 0) + (unpacking?.durationMs ?? 0);
    const runs = report.steps.filter(({ text }) => text.startsWith('RUN'));
    expect(runs.map(({ startedAt }) => (startedAt ?? 0) >= ready)).toEqual([true, true]);
  });

  test('its longest chain goes through the slower stage', async () => {
    const { steps, criticalPath, startedAt, finishedAt } = await show('2');
    expect(criticalPath.map((index) => steps[index]?.text)).toEqual([
      'RUN sleep 1 && sleep 2 && echo right > /right',
      'COPY --from=right /right /',
    ]);
    const [last] = steps.slice(-1);
    expect(last?.dependsOn.map((index) => steps[index]?.text)).toEqual([
      'COPY --from=left /left /',
      'RUN sleep 1 && sleep 2 && echo right > /right',
    ]);
    for (const step of steps) {
      expect(step).toMatchObject({ result: 'run', from: null, causes: ['never built before'] });
      expect(step.startedAt).toBeGreaterThanOrEqual(startedAt);
      expect((step.startedAt ?? 0) + step.durationMs).toBeLessThanOrEqual(finishedAt);
    }
  });

  test('a change is told against the last build, and the registry has the rest', async () => {
    writeFileSync(join(context, 'text'), 'two\n');
    const { stderr } = await build('--push');
    const [first, second] = lastLines(stderr, 2);
    expect(first).toMatch(/^build 3: 2 steps cached, 3 run in /);
    const report = await show('3');
    const [image] = report.images;
    expect(image?.layers.map(({ origin, wasInLast }) => [origin, wasInLast])).toEqual([
      ['base', true],
      ['run', false],
      ['run', true],
      ['run', true],
    ]);
    const fresh = image?.layers[1]?.sizeBytes ?? 0;
    expect(second).toContain(`layers: 3 (`);
    expect(second).toContain(`reused, 1 (${fresh}B) new`);
    expect(report.summary.layers?.inLast?.count).toBe(3);
    expect(report.previous).toBe(2);
    const [push] = report.pushes;
    expect(push?.sent.blobs).toBe(2);
    expect(push?.skipped.blobs).toBe(3);
    expect(report.steps.map(({ result, causes }) => [result, causes])).toEqual([
      ['cached', []],
      ['cached', []],
      ['run', ['text changed: content (still 4 bytes)']],
      ['run', ['stands on [stage-2 2/4] COPY text /text, which ran']],
      ['run', ['stands on [stage-2 2/4] COPY text /text, which ran']],
    ]);
  });

  test('a full hit and a failure are on record too, the newest first', async () => {
    expect(lastLines((await build()).stderr, 2)[0]).toMatch(/^build 4: 5 steps cached in /);
    writeFileSync(join(context, 'broken'), 'FROM strata-base/busybox\nRUN true\nRUN exit 3\nRUN true\n');
    const failed = await site.strata([
      'build',
      '--progress',
      'plain',
      '-f',
      join(context, 'broken'),
      context,
    ]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/\n\nbuild 5 failed after \d+\.\ds: 1 step run, 1 failed, 1 not reached\n/);
    const builds: BuildOverview[] = JSON.parse(await site.strataOk(['builds', '--json']));
    expect(builds.map(({ build: number, outcome }) => [number, outcome])).toEqual([
      [5, 'failed'],
      [4, 'done'],
      [3, 'done'],
      [2, 'done'],
      [1, 'done'],
    ]);
    expect(builds[0]?.error?.code).toBe('step-failed');
    const table = await site.strataOk(['builds', '-n', '2']);
    expect(table.split('\n').map((line) => line.trim().split(/ {2,}/).slice(2, 5))).toEqual([
      ['RESULT', 'CACHED', 'RUN'],
      ['failed', '0', '2'],
      ['done', '5', '0'],
      [],
    ]);
    const text = await site.strataOk(['builds', 'show']);
    expect(text).toContain('failed');
    expect(text).toMatch(/^- +- +- +- +\[4\/4\] RUN true$/m);
  });

  test('--quiet says nothing, rawjson says it last', async () => {
    for (const flags of [['-q'], ['--progress', 'none'], ['--progress', 'quiet']])
      expect((await site.strata(['build', ...flags, context])).stderr).toBe('');
    const { stderr } = await site.strata(['build', '--progress', 'rawjson', context]);
    expect(JSON.parse(lastLines(stderr, 1)[0] ?? '')).toMatchObject({
      type: 'summary',
      summary: { outcome: 'done', steps: { cached: 5, run: 0, failed: 0, notReached: 0 } },
    });
  });

  test('a file that is no record is passed over', async () => {
    writeFileSync(join(site.root, 'builds/7.json'), '{"schema":2,"number":7,');
    const numbers = JSON.parse(await site.strataOk(['builds', '--json'])).map(
      (each: BuildOverview) => each.build,
    );
    expect(numbers).not.toContain(7);
    expect(numbers).toContain(6);
    expect(await site.strata(['builds', 'show', '7'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[no-such-build]'),
    });
  });

  test('a step that takes files from one that failed is not reached', async () => {
    const stages = [
      'FROM strata-base/busybox',
      'RUN false',
      'FROM strata-base/busybox',
      'COPY --from=0 /f /',
      '',
    ];
    writeFileSync(join(context, 'two-stages'), stages.join('\n'));
    const { stderr } = await site.strata(['build', '-f', join(context, 'two-stages'), context]);
    expect(stderr.match(/^#\d+ ERROR: .*$/gm)).toHaveLength(1);
    expect(stderr).toMatch(/\nbuild \d+ failed after \d+\.\ds: 1 step failed, 1 not reached\n/);
    expect((await show()).steps.map(({ result }) => result)).toEqual(['failed', null]);
  });

  test('a step whose source is not there is the one that failed', async () => {
    const lines = ['FROM strata-base/busybox', 'WORKDIR /w', 'COPY nothing /', 'RUN true', ''];
    writeFileSync(join(context, 'missing'), lines.join('\n'));
    const { stderr } = await site.strata(['build', '-f', join(context, 'missing'), context]);
    expect(stderr).toMatch(/#\d+ \[3\/4\] COPY nothing \/\n#\d+ ERROR: "\/nothing": not found\n/);
    expect(stderr).toMatch(/\nbuild \d+ failed after \d+\.\ds: 1 step failed, 2 not reached\n/);
    const { steps } = await show();
    expect(steps.map(({ result, causes }) => [result, causes])).toEqual([
      [null, []],
      ['failed', []],
      [null, []],
    ]);
  });

  test('a repository is told once, however many outputs go there', async () => {
    const repository = `${registry.host}/team/twice`;
    const output = (tag: string) => ['-o', `type=registry,name=${repository}:${tag}`];
    const { stderr } = await site.strata(['build', ...output('a'), ...output('b'), context]);
    const [last = ''] = lastLines(stderr, 1);
    expect(last.split(repository)).toHaveLength(2);
    const report = await show();
    expect(report.pushes).toMatchObject([{ repository, skipped: { blobs: 0 } }]);
    const [push] = report.pushes;
    expect((push?.sent.blobs ?? 0) + (push?.mounted.blobs ?? 0)).toBe(5);
  });
});
