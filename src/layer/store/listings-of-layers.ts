import type { BlobStore } from '../../content/blob-store.ts';
import { traced } from '../../core/trace.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { listLayer } from '../listing/layer-lister.ts';
import type { ListedMember } from '../listing/layer-listing.ts';
import { type ArrivingListing, listArriving } from '../listing/list-arriving.ts';
import type { LayerBringer } from './bring-layers.ts';
import type { KnownLayers } from './known-layers.ts';

/** What is in a layer that nobody has unpacked: as it was kept, or from its blob, which is fetched for it. */
export type ListLayer = (id: SnapshotID, signal: AbortSignal) => Promise<readonly ListedMember[]>;

/** Listing a smaller blob takes hardly longer than starting a thread. */
const largeBytes = 8 << 20;

/** Lists layers by what is on record of them, and by their blobs. */
export function layerListings(
  blobs: BlobStore,
  known: KnownLayers,
  { bringAny, trusting }: LayerBringer,
): ListLayer {
  /** Begins with a large layer that has to be fetched. */
  function begin(id: SnapshotID): ArrivingListing | undefined {
    const layer = known.findBlob(id);
    if (layer === undefined || blobs.arrivingAt === undefined) return undefined;
    const { descriptor, diffID } = layer;
    if (descriptor.size < largeBytes || blobs.holds(descriptor)) return undefined;
    return listArriving([blobs.arrivingAt(descriptor.digest), blobs.path(descriptor.digest)], diffID);
  }

  async function list(id: SnapshotID, signal: AbortSignal): Promise<readonly ListedMember[]> {
    const begun = begin(id);
    let isThere = false;
    try {
      const { descriptor, diffID } = await bringAny(id, signal);
      isThere = true;
      const early = await begun?.complete();
      if (early !== undefined) return early;
      return await traced('list layer', () =>
        trusting(id, descriptor, () => listLayer(blobs.open(descriptor), diffID)),
      );
    } finally {
      if (!isThere) await begun?.giveUp();
    }
  }

  return async (id, signal) => {
    const kept = known.readListing(id);
    if (kept !== undefined) return kept;
    const listing = await list(id, signal);
    await known.writeListing(id, listing);
    return listing;
  };
}
