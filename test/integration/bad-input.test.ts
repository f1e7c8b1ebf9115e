import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { type RecordedBuild, recordedBuild } from '../support/recorded-build.ts';
import { freePort, type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a build that cannot succeed', (site) => {
  const dest = site.path('out.tar');
  const kept = site.path('kept');

  let keptBuild: RecordedBuild;

  beforeAll(async () => {
    await site.makeBusyboxBase();
    site.files('kept', { Dockerfile: 'FROM strata-base/busybox\nRUN echo kept > /kept\n' });
    keptBuild = await recordedBuild(site, ['-t', 'kept', kept]);
    writeFileSync(dest, 'from before');
  });

  /** Builds to `dest` and fails; nothing that was there before may be lost. Answers with what was said. */
  const fail = async (code: number, args: readonly string[]): Promise<string> => {
    const outcome = await site.strata([
      'build',
      '--progress',
      'quiet',
      '--output',
      `type=oci,dest=${dest}`,
      ...args,
    ]);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(readFileSync(dest, 'utf8')).toBe('from before');
    expect(await recordedBuild(site, ['-t', 'kept', kept])).toEqual({
      digest: keptBuild.digest,
      steps: [['[stage-0 2/2] RUN echo kept > /kept', 'cached']],
    });
    return outcome.stderr.replaceAll(site.dir, 'SITE');
  };

  test('because there is no Dockerfile', async () => {
    const context = site.files('no-dockerfile', { 'a.txt': '' });
    expect(await fail(1, [context])).toMatchInlineSnapshot();
  });

  test('because the Dockerfile is empty', async () => {
    const context = site.files('empty', { Dockerfile: '' });
    expect(await fail(1, [context])).toMatchInlineSnapshot();
  });

  test('because of an unknown instruction', async () => {
    const context = site.files('unknown', {
      Dockerfile: 'FROM strata-base/busybox\nRUN true\nCOYP a.txt /\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot();
  });

  test('because a COPY source is not there', async () => {
    const context = site.files('missing', {
      Dockerfile: 'FROM scratch\nCOPY a.txt mising.txt /\n',
      'a.txt': '',
      'missing.txt': '',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot();
  });

  test('because an ignore rule hides a COPY source', async () => {
    const context = site.files('hidden', {
      Dockerfile: 'FROM scratch\nCOPY a.txt logs/b.log /\n',
      'a.txt': '',
      'logs/b.log': '',
      '.dockerignore': '# noise\n**/*.log\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot();
  });

  test('because a stage is not there', async () => {
    const context = site.files('no-stage', {
      Dockerfile: 'FROM strata-base/busybox AS build\nRUN true\nFROM scratch\nCOPY --from=biuld /bin/sh /\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot();
  });

  test('because the target is not there', async () => {
    const context = site.files('no-target', { Dockerfile: 'FROM strata-base/busybox AS build\nRUN true\n' });
    expect(await fail(1, ['--target', 'buidl', context])).toMatchInlineSnapshot();
  });

  test('because stages wait for each other', async () => {
    const context = site.files('cycle', {
      Dockerfile: 'FROM scratch AS a\nCOPY --from=b /x /\nFROM scratch AS b\nCOPY --from=a /x /\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot();
  });

  test('because a RUN exits with 3', async () => {
    const context = site.files('exits', {
      Dockerfile:
        'FROM strata-base/busybox\n\nRUN echo it starts; \\\n    echo it breaks >&2; exit 3\nRUN true\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot();
  });

  test('because the command line is wrong', async () => {
    expect(await fail(2, ['--taget', 'x', kept])).toMatchInlineSnapshot();
    expect(await fail(2, [])).toMatchInlineSnapshot();
    expect(await fail(2, ['--output', 'type=ocl,dest=x', kept])).toMatchInlineSnapshot();
  });

  test('because the context is not there', async () => {
    expect(await fail(1, [site.path('nowhere')])).toMatchInlineSnapshot();
  });

  test('because the registry is not there', async () => {
    const port = await freePort();
    const context = site.files('no-registry', { Dockerfile: `FROM 127.0.0.1:${port}/app:1\nRUN true\n` });
    expect((await fail(1, [context])).replaceAll(`${port}`, 'PORT')).toMatchInlineSnapshot();
  });

  test('because the disk is full, and goes on when there is room again', async () => {
    const small = site.path('small-disk');
    mkdirSync(small);
    const env = { STRATA_ROOT: join(small, 'store') };
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', small]);
    try {
      const base = ['build', '-t', 'strata-base/busybox', site.path('busybox-base')];
      await site.strataOk([...base, '-f', site.path('busybox-base/Dockerfile')], { env });
      const context = site.files('fills', {
        Dockerfile:
          'FROM strata-base/busybox\nARG MEGABYTES\nRUN dd if=/dev/urandom of=/noise bs=1M count=$MEGABYTES 2> /dev/null\n',
      });
      const build = (megabytes: number): ReturnType<typeof site.strata> =>
        site.strata(
          ['build', '--progress', 'quiet', '-t', 'noise', '--build-arg', `MEGABYTES=${megabytes}`, context],
          { env },
        );
      // The first fills the disk while its step runs, the second when its layer is written.
      for (const megabytes of [40, 12]) {
        const outcome = await build(megabytes);
        expect(outcome).toMatchObject({ code: 1, stdout: '' });
        expect(outcome.stderr.replaceAll(site.dir, 'SITE')).toMatchInlineSnapshot();
      }
      expect(await build(3)).toMatchObject({ code: 0 });
    } finally {
      await runOk('umount', [small]);
    }
  });
});

describeBuilds([...sandboxNeeds, 'registry', 'skopeo'], 'a base with a damaged blob', (site) => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    await site.makeBusyboxBase();
  });
  afterAll(() => registry?.stop());

  test('fails the build, and is taken when the registry has it whole again', async () => {
    const tar = site.path('base.tar');
    const base = site.files('base', { Dockerfile: 'FROM strata-base/busybox\nRUN echo base > /base\n' });
    await site.strataOk(['build', '--output', `type=oci,dest=${tar}`, base]);
    const name = `${registry.host}/base:1`;
    await runOk('skopeo', [
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      `oci-archive:${tar}`,
      `docker://${name}`,
    ]);
    const image = JSON.parse(await runOk('skopeo', ['inspect', `oci-archive:${tar}`])) as {
      Layers: string[];
    };
    const blob = registry.blobFile(image.Layers.at(-1) ?? '');

    const whole = readFileSync(blob);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(whole.length >> 1) ^ 1, whole.length >> 1);
    writeFileSync(blob, damaged);
    const context = site.files('app', { Dockerfile: `FROM ${name}\nRUN cat /base > /app\n` });
    const out = site.path('app.tar');
    const env = { STRATA_ROOT: site.path('other-store') };
    const build = ['build', '--progress', 'quiet', '--output', `type=oci,dest=${out}`, context];
    const outcome = await site.strata(build, { env });
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    const message = outcome.stderr.replaceAll(registry.host, 'REGISTRY').replaceAll(/[0-9a-f]{64}/g, 'HEX');
    expect(message).toMatchInlineSnapshot();
    expect(existsSync(out)).toBe(false);

    writeFileSync(blob, whole);
    expect(await site.strata(build, { env })).toMatchObject({ code: 0 });
  });
});
