/** The parts of a cache put together: packs of what is small, the document that says where all is, the manifest. */
import { encodeSharedCache } from '../../cache/share/cache-document.ts';
import { isSmall, type KnownPacks, packBlobs } from '../../cache/share/packs.ts';
import type { SharedLayer, SharedPlan, Slice } from '../../cache/share/shared-cache.ts';
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { assert } from '../../core/assert.ts';
import type { BlobDigest } from '../../core/digest.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import { assembleCache } from './cache-artifact.ts';
import type { GatheredCache } from './gather-cache.ts';

export interface CacheParts {
  readonly gathered: GatheredCache;
  readonly plans: readonly SharedPlan[];
  /** What the place has already. */
  readonly known: KnownPacks;
  /** Has all that was gathered. */
  readonly blobs: BlobStore;
  /** Where packs and documents go. */
  readonly scratch: BlobStore;
}

/** Makes the artifact and gives its manifest. */
export async function assembleParts({
  gathered,
  plans,
  known,
  blobs,
  scratch,
}: CacheParts): Promise<Descriptor> {
  const { steps, layers, mounts, lists } = gathered;
  const ofMounts = [...mounts.values()].map(({ layer }) => layer);
  const pack = (all: Iterable<StoredLayer>) => {
    const small = [...all].map(({ descriptor }) => descriptor).filter(isSmall);
    return packBlobs(small, known, blobs, scratch);
  };
  // Apart, since nobody needs all of them: an image its layers, a RUN its mounts, an explanation its lists.
  const packedLayers = await pack(layers.values());
  const packedMounts = await pack(ofMounts);
  const infos = [...lists.values()].map(({ info }) => info);
  const packedLists = await packBlobs(infos, known, blobs, scratch);
  const document = await encodeSharedCache({
    steps,
    plans,
    layers: mapped(layers, (layer) => sharedLayer(layer, packedLayers.slices)),
    mounts: mapped(mounts, ({ id, layer }) => ({ id, ...sharedLayer(layer, packedMounts.slices) })),
    lists: mapped(lists, ({ info }) => {
      const slice = packedLists.slices.get(info.digest);
      assert(slice !== undefined, 'every list lies in a pack');
      return { digest: info.digest, ...slice };
    }),
  });
  const packs = [packedLayers, packedMounts, packedLists].flatMap((packed) => packed.packs);
  const large = [...layers.values(), ...ofMounts]
    .map(({ descriptor }) => descriptor)
    .filter((each) => !isSmall(each));
  return assembleCache(document, distinct(packs), distinct(large), scratch);
}

function mapped<T, R>(from: ReadonlyMap<string, T>, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries([...from].map(([key, value]) => [key, change(value)]));
}

function distinct<T extends BlobInfo>(blobs: readonly T[]): T[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

function sharedLayer(
  { diffID, descriptor }: StoredLayer,
  slices: ReadonlyMap<BlobDigest, Slice>,
): SharedLayer {
  const { mediaType, digest, size } = descriptor;
  const slice = slices.get(digest);
  return { diffID, mediaType, digest, size, ...(slice === undefined ? {} : { slice }) };
}
