import { assert } from '../../core/assert.ts';
import type { BlobDigest } from '../../core/digest.ts';
import { type Platform, printPlatform } from '../../core/platform.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import { chainIDs } from '../../oci/chain-id.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { FoundImage } from './image-source.ts';

/** A base image as solving and exporting see it. */
export interface Base {
  /** What a key that stands on it holds: its layers by content, whatever its name or config. */
  readonly identity: string;
  /** Of its manifest, for people: another one does not make another identity. */
  readonly digest: BlobDigest;
  readonly layers: readonly StoredLayer[];
  readonly snapshots: readonly SnapshotID[];
}

/** The image that has a blob. */
export interface Supplier {
  readonly found: FoundImage;
  /** Of the base, as `baseKey` makes it. */
  readonly key: string;
}

/** The base images found so far, and which of them has what. */
export interface KnownBases {
  /** Takes up an image; its layers are then known to the store. */
  add(key: string, found: FoundImage): Promise<void>;
  get(key: string): Base | undefined;
  /** The key of a base that has the snapshot. */
  ownerOf(snapshot: SnapshotID): string | undefined;
  /** A blob that others call as long as it is not is none of a base. */
  supplierOf(blob: Descriptor): Supplier | undefined;
}

/** Names a base within one build. @param reference canonical, as the image was found */
export function baseKey(reference: string, platform: Platform): string {
  return `${reference} ${printPlatform(platform)}`;
}

/** Knows no base yet. */
export function createKnownBases(store: Pick<LayerStore, 'adopt'>): KnownBases {
  const bases = new Map<string, Base>();
  const owners = new Map<SnapshotID, string>();
  const suppliers = new Map<BlobDigest, Supplier & { readonly size: number }>();
  return {
    async add(key, found) {
      const layers = layersOf(found);
      for (const { descriptor } of layers) {
        suppliers.set(descriptor.digest, { found, key, size: descriptor.size });
      }
      const snapshots = await Promise.all(layers.map((layer) => store.adopt(layer)));
      for (const snapshot of snapshots) owners.set(snapshot, key);
      const identity = chainIDs(found.config.rootfs.diff_ids).at(-1) ?? 'scratch';
      bases.set(key, { identity, digest: found.manifestDescriptor.digest, layers, snapshots });
    },
    get: (key) => bases.get(key),
    ownerOf: (snapshot) => owners.get(snapshot),
    supplierOf({ digest, size }) {
      const supplier = suppliers.get(digest);
      return supplier?.size === size ? supplier : undefined;
    },
  };
}

function layersOf({ manifest, config }: FoundImage): StoredLayer[] {
  return manifest.layers.map((descriptor, index) => {
    const diffID = config.rootfs.diff_ids[index];
    assert(diffID !== undefined, 'an image has as many diffIDs as layers once it was found');
    return { descriptor, diffID };
  });
}
