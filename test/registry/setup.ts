/** What the tests of the client share: a store in a directory that goes away, a client that does not wait long, an image. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobStore } from '../../src/content/blob-store.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import type { ProgressEvent } from '../../src/core/event.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import type { RegistryClientOptions } from '../../src/registry/options.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import type { FaultyRegistry } from '../support/faulty-registry.ts';
import { clientOptions } from '../support/registry-client.ts';

export const linux = { os: 'linux', architecture: 'amd64' };
export const never = new AbortController().signal;

export interface Client extends AsyncDisposable {
  readonly registry: Registry;
  readonly blobs: BlobStore;
  readonly directory: string;
  /** The same store for another process. */
  reopen(): BlobStore;
  /** Notes that were given, in order. */
  readonly notes: string[];
}

export function openClient(options: Partial<RegistryClientOptions> = {}): Client {
  const directory = mkdtempSync(join(tmpdir(), 'strata-registry-'));
  const notes: string[] = [];
  const emit = (event: ProgressEvent) => {
    if (event.type === 'note') notes.push(event.text);
  };
  const registry = openRegistry(
    {
      ...clientOptions,
      ...options,
      timing: {
        connectMs: 2_000,
        idleMs: 600,
        attempts: 3,
        firstPauseMs: 5,
        longestPauseMs: 5_000,
        ...options.timing,
      },
    },
    emit,
  );
  const open = () =>
    openBlobStore(join(directory, 'images'), join(directory, 'ingest'), join(directory, 'partial'));
  return {
    registry,
    reopen: open,
    blobs: open(),
    directory,
    notes,
    async [Symbol.asyncDispose]() {
      await registry.close();
      rmSync(directory, { recursive: true });
    },
  };
}

export interface TestImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Random bytes do for layers: nobody unpacks them here. */
export function addImage(
  registry: FaultyRegistry,
  repository: string,
  tag: string,
  layerSizes: readonly number[],
): TestImage {
  const layers = layerSizes.map((size) =>
    registry.addBlob(repository, randomBytes(size), mediaTypes.ociLayerGzip),
  );
  const diffIDs = layers.map((layer) => layer.digest);
  const image = { ...linux, rootfs: { type: 'layers', diff_ids: diffIDs } };
  const config = registry.addBlob(repository, encodeJSON(image), mediaTypes.ociConfig);
  const mediaType = mediaTypes.ociManifest;
  const manifest = registry.addManifest(repository, tag, {
    schemaVersion: 2,
    mediaType,
    config,
    layers,
  });
  return { manifest, config, layers };
}
