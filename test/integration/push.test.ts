import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refereeNeeds } from '../support/capabilities.ts';
import { type DockerEngine, startDockerd } from '../support/dockerd.ts';
import { run, runOk } from '../support/process.ts';
import { buildahPull } from '../support/referees.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...refereeNeeds, 'registry'], 'an image that is pushed', (site) => {
  let registry: Registry;
  let engine: DockerEngine;
  let context: string;
  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    engine = await startDockerd(site.path('docker'));
    context = site.files('context', {
      Dockerfile: 'FROM scratch\nCOPY text /text\nCMD ["/text"]\n',
      text: 'hello\n',
    });
  });
  afterAll(async () => {
    await engine?.stop();
    await registry?.stop();
  });

  const raw = (name: string) =>
    runOk('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`]);
  const digestOf = async (name: string) =>
    JSON.parse(await runOk('skopeo', ['inspect', '--tls-verify=false', `docker://${name}`])).Digest as string;
  /** Builds, and tells the digest. */
  const build = async (...args: string[]) => {
    await site.strataOk(['build', '--metadata-file', site.path('metadata.json'), ...args, context]);
    return JSON.parse(readFileSync(site.path('metadata.json'), 'utf8'))['containerimage.digest'] as string;
  };

  test('by --push has all its tags, and every tool pulls it', async () => {
    const names = ['app:1', 'app:latest', 'other/app:1'].map((name) => `${registry.host}/team/${name}`);
    const digest = await build('--push', ...names.flatMap((name) => ['-t', name]));
    for (const name of names) expect(await digestOf(name)).toBe(digest);
    const [first = ''] = names;
    expect(await engine.docker(['pull', first])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(digest),
    });
    const pulled = await site.strata(['--root', site.path('another'), 'pull', first]);
    expect(pulled).toMatchObject({ code: 0, stdout: `${first} ${digest}\n` });
    expect(await buildahPull(site, first)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('by an output, by digest, with its annotations', async () => {
    const name = `${registry.host}/team/by-digest`;
    const output = `type=image,push=true,push-by-digest=true,name=${name},annotation.a=b`;
    const digest = await build('--output', output);
    expect(JSON.parse(await raw(`${name}@${digest}`)).annotations).toEqual({ a: 'b' });
    const listed = await run('skopeo', ['list-tags', '--tls-verify=false', `docker://${name}`]);
    expect(listed.stdout).not.toContain('latest');
    expect(await site.strataOk(['images'])).toContain('team/by-digest');
  });

  test('of several platforms is an index, and stays one', async () => {
    const name = `${registry.host}/team/many:1`;
    const digest = await build('--platform', 'linux/amd64,linux/arm64', '-t', name, '--push');
    const index = JSON.parse(await raw(name));
    expect(
      index.manifests.map((each: { platform: { architecture: string } }) => each.platform.architecture),
    ).toEqual(['amd64', 'arm64']);
    const other = ['--root', site.path('other')];
    expect(await site.strataOk([...other, 'pull', '--all-platforms', name])).toContain(digest);
    await site.strataOk([...other, 'tag', name, `${registry.host}/copy/many:1`]);
    expect(await site.strataOk([...other, 'push', `${registry.host}/copy/many:1`])).toContain(digest);
    expect(await raw(`${registry.host}/copy/many:1`)).toBe(await raw(name));
  });

  test.each(['oci', 'v2s2'])('by skopeo as %s keeps its digest through us', async (format) => {
    const archive = site.path('skopeo.tar');
    await build('--output', `type=oci,dest=${archive}`);
    const name = `${registry.host}/skopeo/${format}:1`;
    await runOk('skopeo', [
      'copy',
      '--format',
      format,
      '--dest-tls-verify=false',
      `oci-archive:${archive}`,
      `docker://${name}`,
    ]);
    const root = ['--root', site.path(`through-${format}`)];
    await site.strataOk([...root, 'pull', name]);
    const copy = `${registry.host}/through/${format}:1`;
    await site.strataOk([...root, 'tag', name, copy]);
    await site.strataOk([...root, 'push', copy]);
    expect(await raw(copy)).toBe(await raw(name));
  });

  test('by docker is a base like any other', async () => {
    const base = `${registry.host}/docker/base:1`;
    await site.strataOk([
      'build',
      '--output',
      `type=docker,dest=${site.path('base.tar')}`,
      '-t',
      base,
      context,
    ]);
    expect(await engine.docker(['load', '-i', site.path('base.tar')])).toMatchObject({ code: 0 });
    expect(await engine.docker(['push', base])).toMatchObject({ code: 0 });
    writeFileSync(site.path('context/child.Dockerfile'), `FROM ${base}\nCOPY text /more\n`);
    const child = `${registry.host}/docker/child:1`;
    const built = await site.strata([
      ...['--root', site.path('fresh'), 'build', '-f', site.path('context/child.Dockerfile')],
      ...['-t', child, '--push', '--progress', 'plain', context],
    ]);
    expect(built.stderr).toMatch(/docker\/child: 2 blobs sent, 1 taken over from another repository/);
    expect(built.code).toBe(0);
    const layersOf = async (name: string) => JSON.parse(await raw(name)).layers as { digest: string }[];
    const [below] = await layersOf(base);
    expect((await layersOf(child))[0]?.digest).toBe(below?.digest);
  });

  test('to a registry that is away is not lost', async () => {
    const name = '127.0.0.1:1/team/app:1';
    const failed = await site.strata(['build', '--output', `type=image,push=true,name=${name}`, context]);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot reach the registry at 127.0.0.1:1/),
    });
    expect(await site.strataOk(['images'])).toContain('127.0.0.1:1/team/app');
  });
});
