import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { busyboxRootfs } from '../support/bases.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { type DockerEngine, startDockerd } from '../support/dockerd.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';
import { treeListing } from '../support/tree-listing.ts';

const fixtures = join(projectDir, 'fixtures/dockerfiles-real');
const cases = readdirSync(fixtures).filter((name) => name !== 'README.md');

describeBuilds([...sandboxNeeds, 'dockerd'], 'a Dockerfile built by strata and by BuildKit', (site) => {
  let engine: DockerEngine;
  let since = 0;

  beforeAll(async () => {
    engine = await startDockerd(site.path('docker'));
    await site.makeBusyboxBase();
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const changes = ['--change', `ENV ${path}`, '--change', 'CMD ["/bin/sh"]'];
    const rootfs = await busyboxRootfs(site.dir);
    expect(await engine.docker(['import', ...changes, rootfs, 'strata-base/busybox'])).toMatchObject({
      code: 0,
    });
    cpSync(fixtures, site.path('cases'), { recursive: true, preserveTimestamps: true });
    since = Date.now();
  });
  afterAll(() => engine?.stop());

  test.each(cases)('%s has the same files', async (name) => {
    const context = site.path(`cases/${name}`);
    const ours = site.path(`${name}.tar`);
    const theirs = site.path(`${name}.buildkit.tar`);
    await site.strataOk(['build', '--output', `type=tar,dest=${ours}`, context]);
    await buildkit(['--output', `type=tar,dest=${theirs}`, context]);
    expect(await unpacked(ours)).toEqual(await unpacked(theirs));
  });

  test.each(cases)('%s has the same config and history', async (name) => {
    const context = site.path(`cases/${name}`);
    const ours = site.path(`${name}.docker.tar`);
    const theirs = site.path(`${name}.saved.tar`);
    await site.strataOk(['build', '-t', name, '--output', `type=docker,dest=${ours}`, context]);
    await buildkit(['-t', name, context]);
    expect(await engine.docker(['save', '--output', theirs, name])).toMatchObject({ code: 0 });
    // The base came by ADD and CMD in one, by `docker import` in the other.
    expect(await summary(ours, 2)).toEqual(await summary(theirs, 1));
  });

  const buildkit = async (args: readonly string[]): Promise<void> => {
    const built = await engine.docker(['build', '--network', 'host', ...args], {
      env: { DOCKER_BUILDKIT: '1' },
    });
    expect(built, built.stderr).toMatchObject({ code: 0 });
  };

  const unpacked = async (tar: string): Promise<Record<string, string>> => {
    const dir = `${tar}.d`;
    mkdirSync(dir);
    await runOk('tar', ['-xpf', tar, '--numeric-owner', '-C', dir]);
    return treeListing(dir, since);
  };
});

interface Config {
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** What a docker archive's config says beyond names, digests and times, without the history of its base. */
async function summary(tar: string, baseHistory: number): Promise<unknown> {
  const read = async (path: string): Promise<unknown> => JSON.parse(await runOk('tar', ['-xOf', tar, path]));
  const [entry] = (await read('manifest.json')) as readonly { readonly Config: string }[];
  const { config, history, rootfs } = (await read(entry?.Config ?? '')) as Config;
  const isSet = (value: unknown): boolean => value !== null && value !== '' && value !== false;
  return {
    config: Object.fromEntries(Object.entries(config).filter(([, value]) => isSet(value))),
    layers: rootfs.diff_ids.length,
    history: history.slice(baseHistory).map((step) => [step.created_by, step.empty_layer ?? false]),
  };
}
