/**
 * A snapshot has its files, its layer blob, or both. This is where one is made from the other, when
 * somebody needs it and at most once: by all builds of the machine together for files, by each build for
 * blobs.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobStore } from '../content/blob-store.ts';
import { bytePathFromText } from '../core/byte-path.ts';
import { IntegrityError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import { traced } from '../core/trace.ts';
import type { Descriptor, StoredLayer } from '../oci/descriptor.ts';
import { layerCompression } from '../oci/media-type.ts';
import { directoryLayer, type LayerFiles } from '../snapshot/layer-files.ts';
import { mergedLayers } from '../snapshot/merged-tree.ts';
import type { SnapshotID, Snapshotter, Stack } from '../snapshot/snapshotter.ts';
import { lockFile } from '../sys/file-lock.ts';
import type { OnDamagedFile } from '../sys/sealed-file.ts';
import { markUsed } from '../sys/use-mark.ts';
import { applyLayer } from './apply.ts';
import { diffSnapshot } from './diff.ts';
import {
  type LayerRecord,
  readLayerRecord,
  sameLayer,
  snapshotIDFor,
  writeLayerRecord,
} from './layer-record.ts';
import { listLayer } from './listing/layer-lister.ts';
import { type ListedMember, readListing, writeListing } from './listing/layer-listing.ts';
import { listedLayer } from './listing/listed-layer.ts';
import { clamped, type FormServices, recompressed } from './other-forms.ts';
import { type Compression, type PackedLayer, packLayer } from './pack.ts';
import { type RefusedContent, readThrough, refuseContent } from './refuse-content.ts';
import { verifyLayer } from './verify-layer.ts';

export interface LayerStore {
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
  /** Whether the snapshot can be had without running anything. */
  isAvailable(id: SnapshotID): boolean;
  /** Puts the files of all snapshots in place, unpacking and fetching what is missing, in parallel. */
  ensureFiles(stack: Stack, signal: AbortSignal): Promise<void>;
  /**
   * The merged view of a stack for whoever asks about names and metadata only: layers that nobody has
   * unpacked are listed from their blobs instead. Opening a file is allowed where `ensureFiles` was done.
   */
  openListing(stack: Stack, signal: AbortSignal): Promise<FileTree>;
  /**
   * The blob of the topmost snapshot's layer, made from its files when there is none.
   * @throws what `refused` says of content that no layer may hold
   */
  ensureBlob(stack: Stack, compression: Compression, signal: AbortSignal): Promise<StoredLayer>;
  /** As `ensureBlob`; a blob that can be fetched stays where it is. */
  locateBlob(stack: Stack, compression: Compression, signal: AbortSignal): Promise<StoredLayer>;
  /**
   * The blob of a layer compressed exactly like this, made from the one given when there is none. It is told
   * by what compressed it: a blob that came from elsewhere is always made anew.
   * @throws what `recompressLayer` throws
   */
  recompress(
    id: SnapshotID,
    layer: StoredLayer,
    compression: Compression,
    signal: AbortSignal,
  ): Promise<StoredLayer>;
  /**
   * The layer that the snapshot's becomes when no time in it may be later than `seconds`, compressed like this; the
   * one given where nothing in it is later.
   * @throws what `clampLayer` throws
   */
  clamp(
    id: SnapshotID,
    layer: StoredLayer,
    seconds: number,
    compression: Compression,
    signal: AbortSignal,
  ): Promise<StoredLayer>;
  /**
   * Looks through the topmost snapshot's files for what no layer may hold, where no layer was made of them.
   * @throws what `refused` says
   */
  lookThrough(stack: Stack, signal: AbortSignal): Promise<void>;
  /** Records the blob of a layer that was packed from entries, and what is in it when no files were written. */
  save(id: SnapshotID, packed: PackedLayer, listing?: readonly ListedMember[]): Promise<StoredLayer>;
}

export interface LayerServices {
  readonly snapshotter: Snapshotter;
  readonly blobs: BlobStore;
  /** Gets a blob that is not in the store yet from wherever its image came from. */
  fetch(descriptor: Descriptor, signal: AbortSignal): Promise<void>;
  /** Whether `fetch` knows where to get it. */
  canFetch(descriptor: Descriptor): boolean;
  /** Told of a layer that is not what it was said to be; gives what is to be thrown. */
  disown(descriptor: Descriptor, error: IntegrityError): Error;
  /** What no layer that is packed here may hold. */
  readonly refused?: readonly RefusedContent[];
  /** Told of records and listings that were damaged; they are gone then. */
  readonly onDamage?: OnDamagedFile;
}

/** Who wrote a blob that was not made here: of a base image, or of a cache and not yet examined. */
const pulled = 'pulled';
const imported = 'imported';

/** Opens the layer records beneath `root`. */
export function openLayerStore(
  root: string,
  { snapshotter, blobs, fetch, canFetch, disown, refused = [], onDamage }: LayerServices,
): LayerStore {
  const records = join(root, 'layers');
  const locks = join(root, 'locks');
  for (const directory of [records, locks]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const unpacking = new Map<SnapshotID, Promise<void>>();
  const packing = new Map<string, Promise<StoredLayer>>();

  const recordOf = (id: SnapshotID) => readLayerRecord(records, id, onDamage);

  const storedBlob = (record: LayerRecord) => record.blobs.find(({ descriptor }) => blobs.holds(descriptor));

  const remoteBlob = (record: LayerRecord) => record.blobs.find(({ descriptor }) => canFetch(descriptor));

  /** A blob of the snapshot's layer, brought into the store if it is not there. */
  async function fetchBlob(id: SnapshotID, signal: AbortSignal): Promise<StoredLayer> {
    const record = recordOf(id);
    const blob = record === undefined ? undefined : (storedBlob(record) ?? remoteBlob(record));
    if (record === undefined || blob === undefined) {
      throw new IntegrityError('snapshot-lost', `the snapshot ${id} has neither files nor a layer`, {
        hint: 'build again with --no-cache: the steps that need it will run',
      });
    }
    const layer = { diffID: record.diffID, descriptor: blob.descriptor };
    await bring(layer, signal);
    return layer;
  }

  async function trusting<T>(descriptor: Descriptor, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isAnother = error instanceof IntegrityError && error.code === 'diff-id-mismatch';
      throw isAnother ? disown(descriptor, error) : error;
    }
  }

  /** Reads a layer from elsewhere before it goes into an image: whoever uses it here reads it anyway. */
  async function examine(id: SnapshotID, layer: StoredLayer): Promise<void> {
    const record = recordOf(id);
    const isImported = record?.blobs.some(
      ({ descriptor, writer }) => descriptor.digest === layer.descriptor.digest && writer === imported,
    );
    if (record === undefined || isImported !== true) return;
    await trusting(layer.descriptor, () => verifyLayer(blobs.open(layer.descriptor), layer.diffID));
    const examined = record.blobs.map((blob) =>
      blob.descriptor.digest === layer.descriptor.digest ? { ...blob, writer: pulled } : blob,
    );
    await writeLayerRecord(records, id, { ...record, blobs: examined });
  }

  async function bring({ descriptor }: StoredLayer, signal: AbortSignal): Promise<void> {
    if (!blobs.holds(descriptor)) await traced('fetch layer', () => fetch(descriptor, signal));
  }

  /** Makes a blob once, and once more should it turn out damaged. */
  async function packed(key: string, work: () => Promise<StoredLayer>): Promise<StoredLayer> {
    const layer = await once(packing, key, work);
    if (blobs.holds(layer.descriptor)) return layer;
    packing.delete(key);
    return once(packing, key, work);
  }

  const listingPath = (id: SnapshotID) => join(records, `${id}.files.json`);

  async function openLayer(id: SnapshotID, signal: AbortSignal): Promise<LayerFiles> {
    if (snapshotter.has(id)) return directoryLayer(bytePathFromText(snapshotter.path(id)));
    let listing = readListing(listingPath(id), onDamage);
    if (listing === undefined) {
      const { diffID, descriptor } = await fetchBlob(id, signal);
      listing = await traced('list layer', () =>
        trusting(descriptor, () => listLayer(blobs.open(descriptor), diffID)),
      );
      await writeListing(listingPath(id), listing);
    }
    return listedLayer(listing, id);
  }

  async function ensureFilesOf(id: SnapshotID, signal: AbortSignal): Promise<void> {
    if (snapshotter.has(id)) return;
    const lock = await lockFile(join(locks, `unpack-${id}`), 'exclusive', signal);
    try {
      if (snapshotter.has(id)) return;
      const { diffID, descriptor } = await fetchBlob(id, signal);
      const active = snapshotter.prepare([]);
      try {
        const apply = () => applyLayer(blobs.open(descriptor), descriptor.mediaType, active.upper, diffID);
        await traced('unpack layer', () => trusting(descriptor, apply));
        await snapshotter.commit(active, id);
      } catch (error) {
        await snapshotter.discard(active);
        throw error;
      }
    } finally {
      lock.release();
    }
  }

  async function ensureFiles(stack: Stack, signal: AbortSignal): Promise<void> {
    await Promise.all(stack.map((id) => once(unpacking, id, () => ensureFilesOf(id, signal))));
  }

  async function pack(stack: Stack, compression: Compression, signal: AbortSignal): Promise<StoredLayer> {
    const id = stack.at(-1) ?? '';
    await ensureFiles(stack, signal);
    const below = snapshotter.view(stack.slice(0, -1));
    const changes = diffSnapshot(snapshotter.path(id), below);
    const entries = refused.length === 0 ? changes : refuseContent(changes, refused);
    return save(id, await packLayer(entries, blobs, { compression, signal }));
  }

  async function save(
    id: SnapshotID,
    { layer, tarSize, writer }: PackedLayer,
    listing?: readonly ListedMember[],
  ): Promise<StoredLayer> {
    if (listing !== undefined) await writeListing(listingPath(id), listing);
    const { diffID, descriptor } = layer;
    const before = sameLayer(recordOf(id), diffID);
    const blobsKnown = before?.blobs ?? [];
    const record = { ...before, diffID, tarSize, blobs: [...blobsKnown, { descriptor, writer }] };
    await traced('record layer', () => writeLayerRecord(records, id, record));
    return layer;
  }

  /** Notes that the layer is stored as this blob, or would be. */
  async function learn(
    id: SnapshotID,
    { diffID, descriptor }: StoredLayer,
    writer: typeof pulled | typeof imported,
  ): Promise<void> {
    const known = recordOf(id);
    if (known?.blobs.some((blob) => blob.descriptor.digest === descriptor.digest)) return;
    const before = sameLayer(known, diffID);
    const { mediaType, digest, size } = descriptor;
    const added = { descriptor: { mediaType, digest, size }, writer };
    await writeLayerRecord(records, id, { ...before, diffID, blobs: [...(before?.blobs ?? []), added] });
  }

  /** A blob that is here or, packed elsewhere, can be fetched: packed anew it might have other bytes. */
  function findFitting(id: SnapshotID, { algorithm }: Compression): StoredLayer | undefined {
    const record = recordOf(id);
    const fitting = (record?.blobs ?? []).filter(
      ({ descriptor }) => layerCompression(descriptor.mediaType) === algorithm,
    );
    const found =
      fitting.find(({ descriptor }) => blobs.holds(descriptor)) ??
      fitting.find(({ descriptor }) => canFetch(descriptor));
    if (record === undefined || found === undefined) return undefined;
    return { diffID: record.diffID, descriptor: found.descriptor };
  }

  function ensureBlob(stack: Stack, compression: Compression, signal: AbortSignal): Promise<StoredLayer> {
    const id = stack.at(-1) ?? '';
    return packed(`${id} ${compression.algorithm} ${compression.level ?? ''}`, async () => {
      const found = findFitting(id, compression);
      if (found === undefined) return pack(stack, compression, signal);
      await bring(found, signal);
      await examine(id, found);
      return found;
    });
  }

  const forms: FormServices = {
    blobs,
    recordOf,
    writeRecord: (id, record) => writeLayerRecord(records, id, record),
    bring,
    save,
  };

  return {
    save,
    ensureFiles,
    async lookThrough(stack, signal) {
      const id = stack.at(-1) ?? '';
      if (refused.length === 0 || recordOf(id) !== undefined) return;
      const changes = diffSnapshot(snapshotter.path(id), snapshotter.view(stack.slice(0, -1)));
      await readThrough(refuseContent(changes, refused), signal);
    },
    clamp: (id, layer, seconds, compression, signal) =>
      packed(`${id} clamped ${seconds} ${compression.algorithm} ${compression.level ?? ''}`, () =>
        clamped(forms, id, layer, seconds, compression, signal),
      ),
    recompress: (id, layer, compression, signal) =>
      packed(`${id} recompressed ${compression.algorithm} ${compression.level ?? ''}`, () =>
        recompressed(forms, id, layer, compression, signal),
      ),
    async openListing(stack, signal) {
      // A layer that stands there twice says everything where it is topmost, as in a mount.
      const ids = [...new Set(stack.toReversed())];
      const opened = await Promise.all(ids.map((id) => openLayer(id, signal)));
      const opaque = opened.findIndex((layer) => layer.isOpaque(''));
      return mergedLayers(opaque < 0 ? opened : opened.slice(0, opaque + 1));
    },
    async adopt(layer) {
      const id = snapshotIDFor(layer.diffID);
      // A prune may have taken the record before it was marked.
      do await learn(id, layer, pulled);
      while (!markUsed(join(records, `${id}.json`)));
      return id;
    },
    async adoptAs(id, layer) {
      const known = recordOf(id);
      if (known === undefined ? snapshotter.has(id) : known.diffID !== layer.diffID) return false;
      do await learn(id, layer, imported);
      while (!markUsed(join(records, `${id}.json`)));
      return true;
    },
    findBlob(id) {
      const record = recordOf(id);
      const blob = record === undefined ? undefined : (storedBlob(record) ?? remoteBlob(record));
      return record === undefined || blob === undefined
        ? undefined
        : { diffID: record.diffID, descriptor: blob.descriptor };
    },
    isAvailable(id) {
      if (snapshotter.has(id)) return true;
      const record = recordOf(id);
      return record !== undefined && storedBlob(record) !== undefined;
    },
    ensureBlob,
    async locateBlob(stack, compression, signal) {
      return findFitting(stack.at(-1) ?? '', compression) ?? ensureBlob(stack, compression, signal);
    },
  };
}

/** Shares work that several ask for; what failed may be tried again. */
function once<K, T>(memory: Map<K, Promise<T>>, key: K, work: () => Promise<T>): Promise<T> {
  let known = memory.get(key);
  if (known === undefined) {
    known = work();
    memory.set(key, known);
    known.catch(() => memory.delete(key));
  }
  return known;
}
