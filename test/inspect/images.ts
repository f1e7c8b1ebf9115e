/** Images for tests: the kept ones of fixtures/images, and small ones made on the spot. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { onTestFinished } from 'vitest';
import { type BlobDigest, type DiffID, digestFromHex } from '../../src/core/digest.ts';
import { type ImagePlaces, openImage } from '../../src/inspect/open/open-image.ts';
import type { OpenedImage } from '../../src/inspect/open/opened-image.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import { openRegistry } from '../../src/registry/registry.ts';

export const fixture = (name: string) =>
  fileURLToPath(new URL(`../../fixtures/images/${name}`, import.meta.url));

/** A directory that is removed with all in it. */
export function openScratch() {
  const dir = mkdtempSync(join(tmpdir(), 'strata-inspect-'));
  return {
    dir,
    path: (name: string) => join(dir, name),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Opens as the command line does, on a machine that is linux/amd64, until the test is over. */
export async function open(
  spec: string,
  root = '/nonexistent',
  places: Partial<ImagePlaces> = {},
): Promise<OpenedImage> {
  const registry = openRegistry({
    mirrors: new Map(),
    insecure: [],
    trust: { systemFile: undefined, caFiles: [], hostDirectories: [] },
    proxy: {},
    userAgent: 'strata/test',
    credentials: async () => undefined,
  });
  const image = await openImage(spec, {
    root,
    registry,
    wanted: { hostPlatform: { os: 'linux', architecture: 'amd64' } },
    signal: AbortSignal.timeout(60_000),
    ...places,
  });
  onTestFinished(async () => {
    await image.close();
    await registry.close();
  });
  return image;
}

export type Member = Partial<Header> & { readonly name: string; readonly content?: string };

export const file = (name: string, content = 'x', header: Partial<Header> = {}): Member => ({
  ...header,
  name,
  content,
});
export const directory = (name: string, header: Partial<Header> = {}): Member => ({
  ...header,
  name,
  type: 'directory',
});

export async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of members)
    archive.entry({ mtime: new Date(0), ...header }, content ?? '');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface ImageParts {
  readonly layers?: readonly (readonly Member[])[];
  /** Instead of `layers`. */
  readonly tars?: readonly Uint8Array[];
  readonly compress?: (tar: Uint8Array) => Uint8Array;
  readonly layerType?: string;
  /** Laid over the config, and over the manifest. */
  readonly config?: object;
  readonly manifest?: object;
  readonly history?: readonly object[];
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** An OCI layout directory being written. */
export interface LayoutWriter {
  readonly directory: string;
  put(bytes: Uint8Array, mediaType: string): Descriptor;
  /** Stores an image and returns its manifest's descriptor, not yet named. */
  image(parts?: ImageParts): Promise<Descriptor>;
  /** Writes `index.json`. */
  name(entries: readonly (readonly [name: string | undefined, target: Descriptor])[]): void;
}

const hexOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export function startLayout(layout: string): LayoutWriter {
  const blobs = join(layout, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(layout, 'oci-layout'), encodeJSON({ imageLayoutVersion: '1.0.0' }));
  const put = (bytes: Uint8Array, mediaType: string): Descriptor => {
    const hex = hexOf(bytes);
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: digestFromHex<BlobDigest>(hex), size: bytes.length };
  };
  return {
    directory: layout,
    put,
    async image(parts = {}) {
      const { compress = gzipSync, layerType = mediaTypes.ociLayerGzip } = parts;
      const tars = parts.tars ?? (await Promise.all((parts.layers ?? [[file('a')]]).map(tarOf)));
      const layers = tars.map((tar) => put(compress(tar), layerType));
      const history = parts.history ?? tars.map((_, index) => ({ created_by: `step ${index}` }));
      const config = put(
        encodeJSON({
          os: 'linux',
          architecture: 'amd64',
          ...parts.platform,
          rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestFromHex<DiffID>(hexOf(tar))) },
          history,
          ...parts.config,
        }),
        mediaTypes.ociConfig,
      );
      const mediaType = mediaTypes.ociManifest;
      return put(encodeJSON({ schemaVersion: 2, mediaType, config, layers, ...parts.manifest }), mediaType);
    },
    name(entries) {
      const manifests = entries.map(([name, target]) => ({
        ...target,
        ...(name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }),
      }));
      writeFileSync(join(layout, 'index.json'), encodeJSON({ schemaVersion: 2, manifests }));
    },
  };
}
