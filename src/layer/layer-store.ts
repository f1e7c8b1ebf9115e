/**
 * A snapshot has its files, its layer blob, or both. This is where one is made from the other, when
 * somebody needs it and at most once: by all builds of the machine together for files, by each build for
 * blobs.
 */
import { dirname, join } from 'node:path';
import type { BlobStore } from '../content/blob-store.ts';
import { digestFromHex } from '../core/digest.ts';
import type { Descriptor, StoredLayer } from '../oci/descriptor.ts';
import type { SnapshotID, Snapshotter } from '../snapshot/snapshotter.ts';
import type { OnDamagedFile } from '../sys/sealed-file.ts';
import type { KnownMembers } from './compress/known-members.ts';
import { type FactsOfLayers, openFactsOfLayers } from './earlier/file-facts.ts';
import type { RefusedContent } from './refuse-content.ts';
import { type BlobsOfLayers, openBlobsOfLayers } from './store/blobs-of-layers.ts';
import { type LayerOrigin, openLayerBringer } from './store/bring-layers.ts';
import { type FilesOfLayers, openFilesOfLayers, type UnpackWatcher } from './store/files-of-layers.ts';
import { openKnownLayers } from './store/known-layers.ts';

export interface LayerStore extends FilesOfLayers, BlobsOfLayers {
  /**
   * Takes a layer known by its content, such as a base image's, and says which snapshot it is. No prune takes
   * it while the build goes on.
   */
  adopt(layer: StoredLayer): Promise<SnapshotID>;
  /**
   * Takes a layer that was made elsewhere under the id it has there; its blob is fetched when somebody needs it.
   * @returns whether the id is free for it: false when it stands for another layer here
   */
  adoptAs(id: SnapshotID, layer: StoredLayer): Promise<boolean>;
  /** A blob of the snapshot's layer, be it in the store or to be fetched; undefined when none was ever made. */
  findBlob(id: SnapshotID): StoredLayer | undefined;
  /** What the files of some layers are. */
  readonly facts: FactsOfLayers;
  /** What was compressed before, for whoever packs a layer that `save` takes. */
  readonly members: KnownMembers;
  /** Whether the snapshot can be had without running anything. */
  isAvailable(id: SnapshotID): boolean;
}

export interface LayerServices extends LayerOrigin {
  readonly snapshotter: Snapshotter;
  readonly blobs: BlobStore;
  readonly watcher?: UnpackWatcher;
  /** Whether `fetch` knows where to get it. */
  canFetch(descriptor: Descriptor): boolean;
  /** What no layer that is packed here may hold. */
  readonly refused?: readonly RefusedContent[];
  /** Told of records and listings that were damaged; they are gone then. */
  readonly onDamage?: OnDamagedFile;
}

/** Opens the layer records beneath `root`. */
export function openLayerStore(root: string, services: LayerServices): LayerStore {
  const { snapshotter, blobs, canFetch, refused = [], watcher, onDamage } = services;
  const known = openKnownLayers(root, blobs, canFetch, onDamage);
  const bringer = openLayerBringer(known, blobs, services);
  const files = openFilesOfLayers(root, snapshotter, blobs, known, bringer, watcher);
  // Blobs lie side by side.
  const members = { table: join(root, 'members'), blobs: dirname(blobs.path(digestFromHex('any'))) };
  return {
    ...files,
    ...openBlobsOfLayers(snapshotter, blobs, known, bringer, files, refused, members),
    members,
    facts: openFactsOfLayers(join(root, 'layers'), onDamage),
    adopt: known.adopt,
    async adoptAs(id, layer) {
      const isTaken = known.recordOf(id) === undefined && snapshotter.has(id);
      return !isTaken && known.adoptAs(id, layer);
    },
    findBlob: known.findBlob,
    isAvailable: (id) => snapshotter.has(id) || known.isStored(id),
  };
}
