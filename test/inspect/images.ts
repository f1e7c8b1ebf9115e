/** Images for tests: the kept ones of fixtures/images, and small ones made on the spot. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { digestHex } from '../../src/core/digest.ts';
import type { ImageContents } from '../../src/inspect/contents.ts';
import { type ImagePlaces, openImage } from '../../src/inspect/open/open-image.ts';
import type { OpenedImage } from '../../src/inspect/open/opened-image.ts';
import type { LayerFile } from '../../src/inspect/tree/file-table.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { describeBlob, file, type ImageParts, makeImage } from '../support/image-parts.ts';
import { clientOptions } from '../support/registry-client.ts';

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
  const registry = openRegistry(clientOptions);
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

/** An OCI layout directory being written. */
export interface LayoutWriter {
  readonly directory: string;
  put(bytes: Uint8Array, mediaType: string): Descriptor;
  /** Stores an image and returns its manifest's descriptor, not yet named. */
  image(parts?: ImageParts): Promise<Descriptor>;
  /** Writes `index.json`. */
  name(entries: readonly (readonly [name: string | undefined, target: Descriptor])[]): void;
}

export function startLayout(layout: string): LayoutWriter {
  const blobs = join(layout, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(layout, 'oci-layout'), encodeJSON({ imageLayoutVersion: '1.0.0' }));
  const put = (bytes: Uint8Array, mediaType: string): Descriptor => {
    const blob = describeBlob(bytes, mediaType);
    writeFileSync(join(blobs, digestHex(blob.digest)), bytes);
    return blob;
  };
  return {
    directory: layout,
    put,
    async image(parts = {}) {
      const { manifest } = await makeImage({ layers: [[file('a')]], ...parts }, put);
      return manifest;
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

/** The members of a layer but whiteouts. */
export function filesOf({ files, layers }: ImageContents, layer: number): LayerFile[] {
  const { start, end } = layers[layer] ?? { start: 0, end: 0 };
  return Array.from({ length: end - start }, (_, index) => files.read(start + index));
}
