import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { debianRootfs } from '../support/bases.ts';
import { refereeNeeds } from '../support/capabilities.ts';
import { type DockerEngine, startDockerd } from '../support/dockerd.ts';
import { type NpmRegistry, serveNpmPackage } from '../support/npm-registry.ts';
import { recordedBuild } from '../support/recorded-build.ts';
import { buildahPull, falseClaims, skopeoInspect, umociUnpack } from '../support/referees.ts';
import { freePort } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(
  [...refereeNeeds, 'mmdebstrap'],
  'a Node service whose packages are installed in the sandbox',
  (site) => {
    const tar = site.path('service.tar');
    const dockerTar = site.path('service.docker.tar');
    let packages: NpmRegistry;
    let engine: DockerEngine;
    let args: string[];
    let digest: string;

    beforeAll(async () => {
      packages = await serveNpmPackage('fast-glob', site.path('packages'));
      engine = await startDockerd(site.path('docker'));
      await site.makeBase('debian-node', await debianRootfs(['nodejs', 'npm']));
      args = [
        // The packages are served on this machine's loopback, which only the host's network reaches.
        ...['--network', 'host', '--allow', 'network.host', '--build-arg', `NPM_REGISTRY=${packages.url}`],
        ...['--output', `type=oci,dest=${tar}`],
        ...['-t', 'glob-service', '--output', `type=docker,dest=${dockerTar}`],
        join(projectDir, 'fixtures/programs/glob-service'),
      ];
      const built = await recordedBuild(site, args);
      expect(new Set(built.steps.map(([, result]) => result))).toEqual(new Set(['run']));
      digest = built.digest;
    });
    afterAll(async () => {
      await engine?.stop();
      await packages?.close();
    });

    test('has its config, as skopeo sees', async () => {
      const image = await skopeoInspect(tar);
      expect(image).toMatchObject({
        Digest: digest,
        Os: 'linux',
        Env: expect.arrayContaining(['PORT=8080']),
      });
    });

    test('has its packages and its owner, as umoci unpacks it', async () => {
      const rootfs = await umociUnpack(tar);
      const installed = statSync(join(rootfs, 'app/node_modules/fast-glob/package.json'));
      expect([installed.uid, installed.gid]).toEqual([1000, 1000]);
      expect(statSync(join(rootfs, 'usr/bin/node')).uid).toBe(0);
    });

    test('claims nothing that does not hold', async () => {
      expect(await falseClaims(tar)).toEqual([]);
    });

    test('is pulled by buildah', async () => {
      expect(await buildahPull(site, `oci-archive:${tar}`)).toMatch(/^[0-9a-f]{64}$/);
    });

    test('is loaded and run by docker, and answers', async () => {
      expect(await engine.docker(['load', '--quiet', '--input', dockerTar])).toMatchObject({ code: 0 });
      const port = await freePort();
      const service = [
        '--name',
        'service',
        '--network',
        'host',
        '--env',
        `PORT=${port}`,
        'glob-service:latest',
      ];
      expect(await engine.docker(['run', '--detach', ...service])).toMatchObject({ code: 0 });
      try {
        const answer = await firstAnswer(`http://127.0.0.1:${port}/${encodeURIComponent('poems/*')}`);
        expect(await answer?.json(), JSON.stringify(await engine.docker(['logs', 'service']))).toEqual([
          'poems/rain.txt',
          'poems/silt.txt',
        ]);
      } finally {
        await engine.docker(['rm', '--force', 'service']);
      }
    });

    test('installs nothing again', async () => {
      const again = await recordedBuild(site, args);
      expect(again).toEqual({ digest, steps: again.steps.map(([label]) => [label, 'cached']) });
    });
  },
);

/** What a server that is still starting says first, undefined when it says nothing for ten seconds. */
async function firstAnswer(url: string): Promise<Response | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) return answer;
    await sleep(100);
  }
  return undefined;
}
