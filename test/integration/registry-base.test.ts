import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { debianRootfs } from '../support/bases.ts';
import { refereeNeeds } from '../support/capabilities.ts';
import { type DockerEngine, startDockerd } from '../support/dockerd.ts';
import { runOk } from '../support/process.ts';
import { recordedBuild } from '../support/recorded-build.ts';
import {
  buildahPull,
  dockerLoadAndRun,
  falseClaims,
  skopeoInspect,
  umociUnpack,
} from '../support/referees.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...refereeNeeds, 'registry', 'mmdebstrap'], 'a Debian base from a registry', (site) => {
  const tar = site.path('teller.tar');
  const dockerTar = site.path('teller.docker.tar');
  let registry: Registry;
  let engine: DockerEngine;
  let baseLayers: readonly string[];
  let args: string[];
  let digest: string;

  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    engine = await startDockerd(site.path('docker'));
    // The base reaches the registry by other people's tools: umoci makes an image of the tar, skopeo pushes it.
    const layout = site.path('debian');
    const rootfs = await debianRootfs([]);
    await runOk('umoci', ['init', '--layout', layout]);
    await runOk('umoci', ['new', '--image', `${layout}:bookworm`]);
    await runOk('umoci', ['raw', 'add-layer', '--image', `${layout}:bookworm`, rootfs]);
    await runOk('umoci', ['config', '--image', `${layout}:bookworm`, '--config.cmd', 'bash']);
    const base = `${registry.host}/debian:bookworm`;
    await runOk('skopeo', [
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      `oci:${layout}:bookworm`,
      `docker://${base}`,
    ]);
    const pushed = await runOk('skopeo', ['inspect', '--tls-verify=false', `docker://${base}`]);
    baseLayers = (JSON.parse(pushed) as { Layers: string[] }).Layers;

    args = ['--build-arg', `BASE=${base}`, '-t', 'teller', '--output', `type=oci,dest=${tar}`];
    args.push('--output', `type=docker,dest=${dockerTar}`, join(projectDir, 'fixtures/programs/teller'));
    const built = await recordedBuild(site, args);
    expect(built.steps.map(([, result]) => result)).toEqual(['run', 'run', 'run', 'run']);
    digest = built.digest;
  });
  afterAll(async () => {
    await engine?.stop();
    await registry?.stop();
  });

  const told = [
    'I am teller, number 4321',
    'Debian 12',
    'documents: gone',
    'licenses: NONE',
    'as root: 0',
    'links: 2',
    'packages: many',
    '',
  ].join('\n');

  test('keeps its layer byte for byte, as skopeo sees', async () => {
    const image = await skopeoInspect(tar);
    expect(image.Layers.slice(0, 1)).toEqual(baseLayers);
    expect(image).toMatchObject({ Digest: digest, Os: 'linux' });
  });

  test('loses what a step removed and keeps what it made, as umoci unpacks it', async () => {
    const rootfs = await umociUnpack(tar);
    const exists = (path: string): boolean =>
      lstatSync(join(rootfs, path), { throwIfNoEntry: false }) !== undefined;
    expect(['usr/share/doc', 'usr/share/man', 'usr/share/common-licenses/GPL-3'].filter(exists)).toEqual([]);
    expect(readFileSync(join(rootfs, 'usr/share/common-licenses/NONE'), 'utf8')).toBe('none\n');
    const setuid = statSync(join(rootfs, 'usr/local/bin/id-as-root'));
    expect({ mode: setuid.mode & 0o7777, links: setuid.nlink }).toEqual({ mode: 0o4755, links: 2 });
    const script = statSync(join(rootfs, 'home/teller/tell.pl'));
    expect([script.uid, script.gid]).toEqual([4321, 4321]);
    // What the sandbox shows while a step runs is no part of the image.
    const ofBase = await runOk('tar', ['-xOf', await debianRootfs([]), './etc/resolv.conf']);
    expect(readFileSync(join(rootfs, 'etc/resolv.conf'), 'utf8')).toBe(ofBase);
  });

  test('claims nothing that does not hold', async () => {
    expect(await falseClaims(tar)).toEqual([]);
  });

  test('is pulled by buildah', async () => {
    expect(await buildahPull(site, `oci-archive:${tar}`)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is loaded and run by docker', async () => {
    expect(await dockerLoadAndRun(engine, dockerTar, 'teller:latest')).toBe(told);
  });

  test('is not asked for again by a build that runs nothing', async () => {
    const again = await recordedBuild(site, args);
    expect(again).toEqual({ digest, steps: again.steps.map(([label]) => [label, 'cached']) });
  });
});
