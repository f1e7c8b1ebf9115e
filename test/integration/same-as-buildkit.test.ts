import { cpSync, lutimesSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
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
    // That BuildKit leaves in its layers what a step has to have to be mounted on: here the base has it.
    const base = site.files('base', {
      Dockerfile: 'FROM strata-base/busybox\nCOPY points /\n',
      ...{ 'points/dev/': '', 'points/proc/': '', 'points/sys/': '' },
      ...{ 'points/etc/hosts': '', 'points/etc/resolv.conf': '' },
    });
    setTimes(base);
    const tar = site.path('base.docker.tar');
    await site.strataOk(['build', '-t', 'strata-base/busybox', '--output', `type=docker,dest=${tar}`, base]);
    expect(await engine.docker(['load', '--input', tar])).toMatchObject({ code: 0 });
    cpSync(fixtures, site.path('cases'), { recursive: true });
    setTimes(site.path('cases'));
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
    expect(await summary(ours)).toEqual(await summary(theirs));
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

/** Gives every file a time of whole seconds: tars without more than that are rounded by one, cut by the other. */
function setTimes(dir: string): void {
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }))
    lutimesSync(join(dir, name), 1e9, 1e9);
}

interface Config {
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/**
 * What a docker archive's config says beyond names, digests and times. Of the history only the instructions: how their
 * arguments are spelled there changed since that BuildKit.
 */
async function summary(tar: string): Promise<unknown> {
  const read = async (path: string): Promise<unknown> => JSON.parse(await runOk('tar', ['-xOf', tar, path]));
  const [entry] = (await read('manifest.json')) as readonly { readonly Config: string }[];
  const { config, history, rootfs } = (await read(entry?.Config ?? '')) as Config;
  const isSet = (value: unknown): boolean => value !== null && value !== '' && value !== false;
  return {
    config: Object.fromEntries(Object.entries(config).filter(([, value]) => isSet(value))),
    layers: rootfs.diff_ids.length,
    history: history.map((step) => [step.created_by?.split(' ')[0], step.empty_layer ?? false]),
  };
}
