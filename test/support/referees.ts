/** Who must be able to read what strata wrote: other people's tools, and strata's own validator. */
import { createReadStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { BlobSource } from '../../src/layer/validate/measured.ts';
import { validateImage } from '../../src/layer/validate.ts';
import { parseIndex } from '../../src/oci/manifest.ts';
import type { DockerEngine } from './dockerd.ts';
import { runOk } from './process.ts';
import type { Site } from './site.ts';

export interface InspectedImage {
  readonly Digest: string;
  readonly Architecture: string;
  readonly Os: string;
  readonly Layers: readonly string[];
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Env: readonly string[];
}

/** What skopeo reads in an OCI archive. */
export async function skopeoInspect(tar: string): Promise<InspectedImage> {
  return JSON.parse(await runOk('skopeo', ['inspect', `oci-archive:${tar}`])) as InspectedImage;
}

/** What an OCI archive claims and does not hold, by strata's own validator: sizes, digests, diffIDs, names … */
export async function falseClaims(tar: string): Promise<string[]> {
  const layout = `${tar}.layout`;
  mkdirSync(layout);
  await runOk('tar', ['-xf', tar, '-C', layout]);
  const { manifests } = parseIndex(readFileSync(join(layout, 'index.json')));
  const source: BlobSource = {
    open: ({ digest }) => createReadStream(join(layout, 'blobs', ...digest.split(':'))),
  };
  const findings = await Promise.all(manifests.map((manifest) => validateImage(source, manifest)));
  rmSync(layout, { recursive: true });
  expect(manifests).not.toEqual([]);
  return findings.flat().map(({ where, message }) => `${where}: ${message}`);
}

/** Unpacks an OCI archive with umoci, and returns the directory of its root filesystem. */
export async function umociUnpack(tar: string, bundle = `${tar}.bundle`): Promise<string> {
  const layout = `${bundle}.layout`;
  await runOk('skopeo', ['copy', '--quiet', `oci-archive:${tar}`, `oci:${layout}:app`]);
  await runOk('umoci', ['unpack', '--image', `${layout}:app`, bundle]);
  rmSync(layout, { recursive: true });
  return join(bundle, 'rootfs');
}

/**
 * Pulls into buildah's storage and returns the image's id there.
 * @param image as buildah names it: `oci-archive:FILE`, or a name in a registry that speaks plain HTTP
 */
export async function buildahPull(site: Site, image: string): Promise<string> {
  const places = ['--root', site.path('buildah'), '--runroot', site.path('buildah-run')];
  const storage = [...places, '--storage-driver', 'vfs'];
  return (await runOk('buildah', [...storage, 'pull', '--quiet', '--tls-verify=false', image])).trim();
}

/** Loads a docker archive into the engine and runs it without a network; returns what it printed. */
export async function dockerLoadAndRun(
  engine: DockerEngine,
  tar: string,
  image: string,
  args: readonly string[] = [],
): Promise<string> {
  const loaded = await engine.docker(['load', '--quiet', '--input', tar]);
  expect(loaded).toMatchObject({ code: 0, stdout: expect.stringContaining(image) });
  const ran = await engine.docker(['run', '--rm', '--network', 'none', image, ...args]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return ran.stdout;
}
