import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { verifiedStream } from '../../content/verified-stream.ts';
import type { BlobDigest, Digest, KeyDigest } from '../../core/digest.ts';
import { CanceledError, IntegrityError, RemoteError } from '../../core/errors.ts';
import type { Reference } from '../../core/image-reference.ts';
import { readWhole } from '../../core/read-whole.ts';
import { applyLayer } from '../../layer/apply.ts';
import { verifyLayer } from '../../layer/verify-layer.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { type FileLists, longestList } from '../file-lists.ts';
import type { StepRecord } from '../step-cache.ts';
import type { KnownPacks } from './packs.ts';
import {
  answersOf,
  type SharedCache,
  type SharedLayer,
  type SharedPlan,
  type Slice,
} from './shared-cache.ts';

/** Where the bytes of a cache are: a repository, a directory. */
export interface CachePlace {
  /** What the person called it. */
  readonly name: string;
  /** Absent of what is in no registry. */
  readonly repository?: Reference;
  /** Whether a cache mount of that id may be filled with what is here. */
  takesMount(id: string): boolean;
  /** Brings a blob of the cache into a blob store. */
  bring(blob: BlobInfo, blobs: BlobStore, signal: AbortSignal): Promise<void>;
  /** Nobody reads it any more. */
  release(): void;
}

/** A cache that answers questions; its bytes come when somebody needs them. */
export interface CacheImport {
  readonly name: string;
  readonly plans: readonly SharedPlan[];
  find(key: KeyDigest): StepRecord | undefined;
  /** What files of a stage came to when the cache was made, asked by the stage's definition. */
  recall(question: KeyDigest): Digest | undefined;
  layer(id: SnapshotID): StoredLayer | undefined;
  provides(blob: Descriptor): boolean;
  /** The repository that has the blob as such: small ones are only in packs. */
  repositoryOf(blob: Descriptor): Reference | undefined;
  /** @throws RemoteError `cache-import-lost` */
  fetch(blob: Descriptor, signal: AbortSignal): Promise<void>;
  /**
   * Reads a blob that goes on to others unread and holds it against what is said of it.
   * @throws RemoteError `cache-import-lost`
   */
  examine(blob: Descriptor): Promise<void>;
  /** What it has of a cache mount and may be used; undefined when that is nothing. */
  mount(name: string): StoredLayer | undefined;
  /**
   * Fills an empty directory with it.
   * @throws RemoteError `cache-import-lost`
   */
  fillMount(name: string, directory: string, signal: AbortSignal): Promise<void>;
  /** Brings the lists of files into the store, so that misses can be explained by them. */
  fetchLists(lists: FileLists, signal: AbortSignal): Promise<void>;
  /** Nothing more is asked of it. */
  close(): void;
  /** What a cache that is made now can take over from this one, when both are in the same place. */
  readonly known: KnownPacks;
}

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
  const bringing = new Map<BlobDigest, Promise<void>>();

  /** A pack is asked for once, however much of it is needed. */
  async function openPack(slice: Slice, signal: AbortSignal): Promise<BlobInfo> {
    const pack = packs.get(slice.pack);
    if (pack === undefined || slice.offset + slice.size > pack.size) {
      throw new IntegrityError(
        'bad-cache',
        `the cache says that something lies in ${slice.pack}, which is not so`,
      );
    }
    let work = bringing.get(pack.digest);
    if (work === undefined) {
      work = place.bring(pack, scratch, signal);
      bringing.set(pack.digest, work);
    }
    await work;
    return pack;
  }

  async function fetchLayer(layer: SharedLayer, to: BlobStore, signal: AbortSignal): Promise<void> {
    if (to.holds(layer)) return;
    if (layer.slice === undefined) return place.bring(layer, to, signal);
    const pack = await openPack(layer.slice, signal);
    const writer = await to.create();
    try {
      for await (const chunk of readSlice(scratch.path(pack.digest), layer.slice)) await writer.write(chunk);
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
          const pack = await openPack(slice, signal);
          const bytes = verifiedStream(readSlice(scratch.path(pack.digest), slice), slice);
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

/** The pack was verified when it came; what is cut out of it is verified again by whoever stores it. */
function readSlice(path: string, { offset, size }: Slice): AsyncIterable<Uint8Array> {
  if (size === 0) return Readable.from([]);
  return createReadStream(path, { start: offset, end: offset + size - 1 });
}
