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
import { openSlices } from './pack-slices.ts';
import { answersOf } from './recipe-mentions.ts';
import type { SharedCache, SharedLayer } from './shared-cache.ts';

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
  const steps = new Map(cache.steps.map((step) => [step.key, step]));
  const answers = new Map(cache.steps.flatMap(({ recipe }) => answersOf(recipe)));
  const layers = new Map(Object.entries(cache.layers));
  const mounts = new Map(Object.entries(cache.mounts ?? {}).filter(([, { id }]) => place.takesMount(id)));
  const byBlob = new Map([...layers.values(), ...mounts.values()].map((layer) => [layer.digest, layer]));
  const slices = openSlices(place, packs, scratch);

  async function fetchLayer(layer: SharedLayer, to: BlobStore, signal: AbortSignal): Promise<void> {
    if (to.holds(layer)) return;
    if (layer.slice === undefined) return place.bring(layer, to, signal);
    const writer = await to.create();
    try {
      for await (const chunk of await slices.open(layer.slice, signal)) await writer.write(chunk);
      await writer.commit({ digest: layer.digest, size: layer.size });
    } finally {
      await writer.abort();
    }
  }

  async function named<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof CanceledError) throw cause;
      throw new RemoteError('cache-import-lost', `${place.name}: ${(cause as Error).message}`, { cause });
    }
  }

  return {
    name: place.name,
    plans: cache.plans,
    find: (key) => steps.get(key),
    recall: (question) => answers.get(question),
    layer(id) {
      const layer = layers.get(id);
      return layer === undefined ? undefined : storedLayer(layer);
    },
    provides: ({ digest }) => byBlob.has(digest),
    repositoryOf({ digest }) {
      const layer = byBlob.get(digest);
      return layer !== undefined && layer.slice === undefined ? place.repository : undefined;
    },
    fetch: ({ digest }, signal) =>
      named(async () => {
        const layer = byBlob.get(digest);
        if (layer === undefined) throw new IntegrityError('blob-missing', `it has no layer ${digest}`);
        await fetchLayer(layer, blobs, signal);
      }),
    examine: ({ digest }) =>
      named(async () => {
        const layer = byBlob.get(digest);
        if (layer !== undefined) await verifyLayer(blobs.open(layer), layer.mediaType, layer.diffID);
      }),
    mount(name) {
      const found = mounts.get(name);
      return found === undefined ? undefined : storedLayer(found);
    },
    fillMount: (name, directory, signal) =>
      named(async () => {
        const found = mounts.get(name);
        if (found === undefined) throw new IntegrityError('blob-missing', `it has no cache mount ${name}`);
        await fetchLayer(found, scratch, signal);
        await applyLayer(scratch.open(found), found.mediaType, directory, found.diffID);
        // As files it is there once, which may be large enough.
        await scratch.remove(found.digest);
      }),
    fetchLists: (lists, signal) =>
      named(async () => {
        for (const [selection, slice] of Object.entries(cache.lists)) {
          if (lists.has(selection as Digest) || slice.size > longestList) continue;
          const bytes = verifiedStream(await slices.open(slice, signal), slice);
          const tooLong = () => new IntegrityError('bad-cache', `the list ${slice.digest} is too long`);
          await lists.put(selection as Digest, await readWhole(bytes, longestList, tooLong));
        }
      }),
    close: place.release,
    known: {
      packs,
      slices: new Map([
        ...[...byBlob.values()].flatMap(({ digest, slice }) =>
          slice === undefined ? [] : [[digest, slice] as const],
        ),
        ...Object.values(cache.lists).map(({ digest, ...slice }) => [digest, slice] as const),
      ]),
    },
  };
}

function storedLayer({ diffID, mediaType, digest, size }: SharedLayer): StoredLayer {
  return { diffID, descriptor: { mediaType, digest, size } };
}
