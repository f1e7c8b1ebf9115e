/** Images for several platforms, and steps that run on an emulated one. */
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { foreignProgram } from '../support/foreign-program.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

const three = ['--platform', 'linux/amd64,linux/arm64,linux/arm/v7,linux/amd64'];

describeBuilds(sandboxNeeds, 'several platforms', (site) => {
  let context: string;
  beforeAll(async () => {
    await site.makeBusyboxBase();
    context = site.files('context', {
      Dockerfile: `FROM --platform=$BUILDPLATFORM strata-base/busybox AS make
RUN echo shared > /shared
ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDARCH
RUN echo "$TARGETPLATFORM $TARGETOS $TARGETARCH $TARGETVARIANT from $BUILDARCH" > /own && ln /own /twin
FROM scratch
COPY --from=make /own /twin /shared /out/
`,
    });
  });

  test('are built side by side, what they share once', async () => {
    const metadata = site.path('metadata.json');
    const events = await site.strata([
      'build',
      ...three,
      '--progress',
      'plain',
      '--metadata-file',
      metadata,
      context,
    ]);
    expect(events.code).toBe(0);
    for (const platform of ['linux/amd64', 'linux/arm64', 'linux/arm/v7']) {
      expect(events.stderr).toContain(`[${platform} stage-1 1/1] COPY --from=make`);
    }
    const numbers = [...events.stderr.matchAll(/^#([0-9]+) \[.*RUN echo shared/gm)].map(
      ([, number]) => number,
    );
    expect(new Set(numbers).size).toBe(3);
    const steps: { label: string; result: string }[] = JSON.parse(readFileSync(metadata, 'utf8'))[
      'strata.steps'
    ];
    const resultsOf = (text: string) =>
      steps.filter(({ label }) => label.includes(text)).map(({ result }) => result);
    expect(resultsOf('RUN echo shared').sort()).toEqual(['cached', 'cached', 'run']);
    expect(resultsOf('> /own')).toEqual(['run', 'run', 'run']);
    const again = await site.strataOk(['build', ...three, '--fail-on-miss', '-q', context]);
    expect(again).toMatch(/^sha256:/);
  });

  test('run what they share once when the cache is ignored, too', async () => {
    const metadata = site.path('uncached.json');
    for (const flags of [['--no-cache'], ['--no-cache-filter', 'make']]) {
      await site.strataOk(['build', ...three, ...flags, '--metadata-file', metadata, context]);
      const steps: { label: string; result: string }[] = JSON.parse(readFileSync(metadata, 'utf8'))[
        'strata.steps'
      ];
      const resultsOf = (text: string) =>
        steps.flatMap(({ label, result }) => (label.includes(text) ? [result] : [])).sort();
      expect(resultsOf('RUN echo shared')).toEqual(['cached', 'cached', 'run']);
      expect(resultsOf('> /own')).toEqual(['run', 'run', 'run']);
    }
  });

  test('have a directory each where files go', async () => {
    const out = site.path('out');
    await site.strataOk([
      'build',
      ...three,
      '-o',
      out,
      '-o',
      `type=tar,dest=${site.path('out.tar')}`,
      context,
    ]);
    const own = {
      linux_amd64: 'linux/amd64 linux amd64  from amd64\n',
      linux_arm64: 'linux/arm64 linux arm64  from amd64\n',
      linux_arm_v7: 'linux/arm/v7 linux arm v7 from amd64\n',
    };
    expect(readdirSync(out).sort()).toEqual(Object.keys(own));
    for (const [name, text] of Object.entries(own)) {
      expect(readFileSync(join(out, name, 'out/own'), 'utf8')).toBe(text);
    }
    mkdirSync(site.path('untarred'));
    await runOk('tar', ['-C', site.path('untarred'), '-xf', site.path('out.tar')]);
    await runOk('diff', ['-r', out, site.path('untarred')]);
    const split = `type=local,platform-split=true,dest=${site.path('one')}`;
    await site.strataOk(['build', '-o', split, context]);
    expect(readdirSync(site.path('one'))).toEqual(['linux_amd64']);
    const inTar = `type=tar,platform-split=true,dest=${site.path('one.tar')}`;
    await site.strataOk(['build', '-o', inTar, context]);
    const [top] = (await runOk('tar', ['--utc', '-tvf', site.path('one.tar')])).split('\n');
    expect(top).toMatch(/^drwxr-xr-x 0\/0 +0 1970-01-01 00:00 linux_amd64\/$/);
  });

  test.each([
    [
      'that are in each other’s way',
      ['-o', 'type=local,platform-split=false,dest=merged'],
      1,
      /output-conflict/,
    ],
    ['in an archive for docker load', ['-o', 'type=docker,dest=x.tar'], 2, /docker-many-platforms/],
    ['of which one is none', ['--platform', 'linux/'], 2, /bad-platform/],
  ])('are refused: %s', async (_title, args, code, message) => {
    const outcome = await site.strata(['build', ...three, ...args, context], { cwd: site.dir });
    expect(outcome).toMatchObject({ code, stderr: expect.stringMatching(message) });
    expect(existsSync(site.path('merged'))).toBe(false);
  });

  test('end together when one fails, with its error', async () => {
    const failing = site.files('failing', {
      Dockerfile: `FROM --platform=$BUILDPLATFORM strata-base/busybox
ARG TARGETARCH
RUN if [ $TARGETARCH = arm64 ]; then exit 7; else sleep 60; fi
`,
    });
    const outcome = await site.strata(['build', ...three, failing]);
    expect(outcome).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Dockerfile:3:1: error: .*exit code: 7/),
    });
  });
});

const handlers = '/proc/sys/fs/binfmt_misc';

describeBuilds([...sandboxNeeds, 'qemu'], 'a program for another machine', (site) => {
  let wasMounted = true;
  let mine: string | undefined;
  let off: string[] = [];
  beforeAll(async () => {
    wasMounted = existsSync(join(handlers, 'register'));
    if (!wasMounted) await runOk('mount', ['-t', 'binfmt_misc', 'none', handlers]);
    off = enabled('qemu-loongarch64');
    for (const name of off) writeFileSync(join(handlers, name), '0');
    if (enabled('qemu-aarch64').length > 0) return;
    const conf = readFileSync('/usr/lib/binfmt.d/qemu-aarch64.conf', 'latin1');
    // A run that was killed may have left its own.
    mine = `strata-test-aarch64-${randomBytes(4).toString('hex')}`;
    writeFileSync(join(handlers, 'register'), conf.replace(/^:[^:]*/, `:${mine}`), 'latin1');
  });
  afterAll(async () => {
    if (mine !== undefined) writeFileSync(join(handlers, mine), '-1');
    for (const name of off) writeFileSync(join(handlers, name), '1');
    if (!wasMounted) await runOk('umount', [handlers]);
  });
  const enabled = (name: string) =>
    readdirSync(handlers).filter(
      (each) => each === name && readFileSync(join(handlers, each), 'latin1').startsWith('enabled'),
    );

  const build = (machine: 'arm64' | 'loong64', run: string) => {
    const context = site.path(`${machine}-${run.length}`);
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, 'hello'), foreignProgram(machine), { mode: 0o755 });
    const lines = ['FROM scratch', 'COPY hello /bin/', 'ENV PATH=/sbin:/bin', run, 'COPY hello /again'];
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
    const out = site.path(`${machine}-out`);
    return site.strata([
      'build',
      '--progress',
      'plain',
      '--platform',
      `linux/${machine}`,
      '-o',
      out,
      context,
    ]);
  };

  test('runs where an emulator is registered', async () => {
    const built = await build('arm64', 'RUN ["hello"]');
    expect(built).toMatchObject({ code: 0, stderr: expect.stringContaining('hello from another machine') });
    expect(lstatSync(site.path('arm64-out/made')).isDirectory()).toBe(true);
  });

  test.each(['RUN ["hello"]', 'RUN ["/bin/hello"]'])('is named where there is none: %s', async (run) => {
    const built = await build('loong64', run);
    expect(built.code).toBe(1);
    expect(built.stderr).toMatch(
      /Dockerfile:4:1: error: \S*hello is a program for loong64, and this machine \(amd64\) has no emulator for it \[no-emulator\]/,
    );
    expect(built.stderr).toContain(
      'cat /usr/lib/binfmt.d/qemu-loongarch64.conf > /proc/sys/fs/binfmt_misc/register',
    );
  });

  test('is only copied without any', async () => {
    expect(await build('loong64', 'LABEL a=b')).toMatchObject({ code: 0 });
  });
});
