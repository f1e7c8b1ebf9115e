import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { verifiedStream } from '../../content/verified-stream.ts';
import type { BlobDigest, Digest } from '../../core/digest.ts';
import { CanceledError, IntegrityError, RemoteError } from '../../core/errors.ts';
import { readWhole } from '../../core/read-whole.ts';
import { applyLayer } from '../../layer/apply.ts';
import { verifyLayer } from '../../layer/verify-layer.ts';
import type { StoredLayer } from '../../oci/descriptor.ts';
import { longestList } from '../file-lists.ts';
import type { CacheImport, CachePlace } from './cache-import.ts';
import { indexCache } from './cache-index.ts';
import { openSlices, type PackSlices } from './pack-slices.ts';
import type { SharedCache, SharedLayer, SharedList } from './shared-cache.ts';

export interface ImportStores {
  /** Where layers go. */
  readonly blobs: BlobStore;
  /** Where packs go on their way to what is in them. */
  readonly scratch: BlobStore;
}

/**
 * A cache that was fetched, as a build asks it. Nothing but its document is here yet: layers and lists come with the
 * first question for them.
 * @param packs the packs its slices lie in, with their sizes
 */
export function openImport(
  place: CachePlace,
  cache: SharedCache,
  packs: ReadonlyMap<BlobDigest, BlobInfo>,
  { blobs, scratch }: ImportStores,
): CacheImport {
  const index = indexCache(cache, place.takesMount);
  const slices = openSlices(place, packs, scratch);

  /** Brings a layer that is a blob of its own, or cuts it out of its pack. */
  async function bring(layer: SharedLayer, to: BlobStore, signal: AbortSignal): Promise<void> {
    if (to.holds(layer)) return;
    if (layer.slice === undefined) await place.bring(layer, to, signal);
    else await store(layer, await slices.open(layer.slice, signal), to);
  }

  return {
    name: place.name,
    plans: cache.plans,
    find: (key) => index.steps.get(key),
    recall: (question) => index.answers.get(question),
    layer: (id) => storedLayer(index.layers.get(id)),
    provides: ({ digest }) => index.blobs.has(digest),
    repositoryOf({ digest }) {
      const layer = index.blobs.get(digest);
      return layer !== undefined && layer.slice === undefined ? place.repository : undefined;
    },
    fetch: ({ digest }, signal) =>
      orLost(place, async () => {
        const layer = index.blobs.get(digest);
        if (layer === undefined) throw new IntegrityError('blob-missing', `it has no layer ${digest}`);
        await bring(layer, blobs, signal);
      }),
    examine: ({ digest }) =>
      orLost(place, async () => {
        const layer = index.blobs.get(digest);
        if (layer !== undefined) await verifyLayer(blobs.open(layer), layer.mediaType, layer.diffID);
      }),
    mount: (name) => storedLayer(index.mounts.get(name)),
    fillMount: (name, directory, signal) =>
      orLost(place, async () => {
        const layer = index.mounts.get(name);
        if (layer === undefined) throw new IntegrityError('blob-missing', `it has no cache mount ${name}`);
        await bring(layer, scratch, signal);
        await applyLayer(scratch.open(layer), layer.mediaType, directory, layer.diffID);
        // As files it is there once, which may be large enough.
        await scratch.remove(layer.digest);
      }),
    fetchLists: (lists, signal) =>
      orLost(place, async () => {
        for (const [selection, list] of Object.entries(cache.lists)) {
          if (lists.has(selection as Digest) || list.size > longestList) continue;
          await lists.put(selection as Digest, await readList(list, slices, signal));
        }
      }),
    close: place.release,
    known: { packs, slices: index.slices },
  };
}

/** A failure is that of the place, which answers no more. */
async function orLost<T>(place: CachePlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof CanceledError) throw cause;
    throw new RemoteError('cache-import-lost', `${place.name}: ${(cause as Error).message}`, { cause });
  }
}

async function store(
  { digest, size }: BlobInfo,
  bytes: AsyncIterable<Uint8Array>,
  to: BlobStore,
): Promise<void> {
  const writer = await to.create();
  try {
    for await (const chunk of bytes) await writer.write(chunk);
    await writer.commit({ digest, size });
  } finally {
    await writer.abort();
  }
}

async function readList(list: SharedList, slices: PackSlices, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = verifiedStream(await slices.open(list, signal), list);
  const tooLong = () => new IntegrityError('bad-cache', `the list ${list.digest} is too long`);
  return readWhole(bytes, longestList, tooLong);
}

function storedLayer(layer: SharedLayer | undefined): StoredLayer | undefined {
  if (layer === undefined) return undefined;
  const { diffID, mediaType, digest, size } = layer;
  return { diffID, descriptor: { mediaType, digest, size } };
}
