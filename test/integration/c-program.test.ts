import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { debianRootfs } from '../support/bases.ts';
import { refereeNeeds } from '../support/capabilities.ts';
import { type DockerEngine, startDockerd } from '../support/dockerd.ts';
import { run } from '../support/process.ts';
import { recordedBuild } from '../support/recorded-build.ts';
import {
  buildahPull,
  dockerLoadAndRun,
  falseClaims,
  skopeoInspect,
  umociUnpack,
} from '../support/referees.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...refereeNeeds, 'mmdebstrap'], 'a C program compiled in the sandbox', (site) => {
  const tar = site.path('calc.tar');
  const dockerTar = site.path('calc.docker.tar');
  const args = [
    ...['-t', 'calc', '--output', `type=oci,dest=${tar}`, '--output', `type=docker,dest=${dockerTar}`],
    join(projectDir, 'fixtures/programs/calc'),
  ];
  let engine: DockerEngine;
  let digest: string;

  beforeAll(async () => {
    engine = await startDockerd(site.path('docker'));
    await site.makeBase('debian-gcc', await debianRootfs(['gcc', 'libc6-dev', 'make']));
    const built = await recordedBuild(site, args);
    expect(built.steps.map(([, result]) => result)).toEqual(['run', 'run', 'run', 'run', 'run']);
    digest = built.digest;
  });
  afterAll(() => engine?.stop());

  test('is one layer on nothing, as skopeo sees', async () => {
    const image = await skopeoInspect(tar);
    expect(image).toMatchObject({ Digest: digest, Os: 'linux' });
    expect(image.Layers).toHaveLength(1);
  });

  test('is one file that runs, as umoci unpacks it', async () => {
    const rootfs = await umociUnpack(tar);
    expect(readdirSync(rootfs)).toEqual(['calc']);
    expect(await run(join(rootfs, 'calc'), ['2 * (20 + 1)'])).toEqual({
      code: 0,
      stdout: '42\n',
      stderr: '',
    });
  });

  test('claims nothing that does not hold', async () => {
    expect(await falseClaims(tar)).toEqual([]);
  });

  test('is pulled by buildah', async () => {
    expect(await buildahPull(site, `oci-archive:${tar}`)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is loaded and run by docker, with its own arguments and with others', async () => {
    expect(await dockerLoadAndRun(engine, dockerTar, 'calc:latest')).toBe('42\n');
    expect(await dockerLoadAndRun(engine, dockerTar, 'calc:latest', ['7 - 10', '8 / 3'])).toBe('-3\n2\n');
  });

  test('is not compiled again', async () => {
    const again = await recordedBuild(site, args);
    expect(again).toEqual({ digest, steps: again.steps.map(([label]) => [label, 'cached']) });
  });
});
