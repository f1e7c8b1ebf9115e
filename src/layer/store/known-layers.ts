/** What is on record of the layers: which blobs each is stored as, here or where it can be fetched from. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobStore } from '../../content/blob-store.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import { layerCompression } from '../../oci/media-type.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { OnDamagedFile } from '../../sys/sealed-file.ts';
import { markUsed } from '../../sys/use-mark.ts';
import type { Compression } from '../compression.ts';
import {
  type LayerBlob,
  type LayerRecord,
  readLayerRecord,
  sameLayer,
  snapshotIDFor,
  writeLayerRecord,
} from '../layer-record.ts';
import { type ListedMember, readListing, writeListing } from '../listing/layer-listing.ts';

/** Who wrote a blob that was not made here: of a base image, or of a cache and not yet examined. */
type Elsewhere = 'pulled' | 'imported';

export interface KnownLayers {
  recordOf(id: SnapshotID): LayerRecord | undefined;
  writeRecord(id: SnapshotID, record: LayerRecord): Promise<void>;
  /** The layer as a blob in the store, else as one that can be fetched. */
  findBlob(id: SnapshotID): StoredLayer | undefined;
  /** As `findBlob`, compressed by this algorithm: packed anew it might have other bytes. */
  findFitting(id: SnapshotID, compression: Compression): StoredLayer | undefined;
  /** Whether the layer's blob is in the store. */
  isStored(id: SnapshotID): boolean;
  /** Adds a blob to the layer's record, or begins another record where that was of another layer. */
  addBlob(id: SnapshotID, layer: StoredLayer, writer: string): Promise<void>;
  /** Whether the blob came from a cache, and nobody has seen yet that it was right about it. */
  isImported(id: SnapshotID, blob: Descriptor): boolean;
  /** The cache was right about the blob. */
  noteExamined(id: SnapshotID, blob: Descriptor): Promise<void>;
  /** The layer is not stored as this blob: whoever said so was wrong. */
  forgetBlob(id: SnapshotID, blob: Descriptor): Promise<void>;
  /** Says what a layer known by its content is called, and marks it used. */
  adopt(layer: StoredLayer): Promise<SnapshotID>;
  /** Marks a layer from elsewhere used under an id. @returns false when the id has a record of another layer */
  adoptAs(id: SnapshotID, layer: StoredLayer): Promise<boolean>;
  readListing(id: SnapshotID): readonly ListedMember[] | undefined;
  writeListing(id: SnapshotID, listing: readonly ListedMember[]): Promise<void>;
}

/** Opens the records beneath `root`. @param canFetch whether a blob can be had from elsewhere */
export function openKnownLayers(
  root: string,
  blobs: BlobStore,
  canFetch: (descriptor: Descriptor) => boolean,
  onDamage: OnDamagedFile | undefined,
): KnownLayers {
  const records = join(root, 'layers');
  mkdirSync(records, { recursive: true, mode: 0o700 });
  const listingPath = (id: SnapshotID) => join(records, `${id}.files.json`);
  const recordOf = (id: SnapshotID) => readLayerRecord(records, id, onDamage);
  const writeRecord = (id: SnapshotID, record: LayerRecord) => writeLayerRecord(records, id, record);
  const isHeld = ({ descriptor }: LayerBlob) => blobs.holds(descriptor);

  function find(id: SnapshotID, isWanted: (blob: LayerBlob) => boolean): StoredLayer | undefined {
    const record = recordOf(id);
    const wanted = record?.blobs.filter(isWanted);
    const found = wanted?.find(isHeld) ?? wanted?.find(({ descriptor }) => canFetch(descriptor));
    if (record === undefined || found === undefined) return undefined;
    return { diffID: record.diffID, descriptor: found.descriptor };
  }

  async function addBlob(id: SnapshotID, { diffID, descriptor }: StoredLayer, writer: string): Promise<void> {
    const before = sameLayer(recordOf(id), diffID);
    const blobs = [...(before?.blobs ?? []), { descriptor, writer }];
    await writeRecord(id, { ...before, diffID, blobs });
  }

  /** Changes what is on record of a blob, or drops it where `change` gives undefined. */
  async function changeBlob(
    id: SnapshotID,
    { digest }: Descriptor,
    change: (blob: LayerBlob) => LayerBlob | undefined,
  ): Promise<void> {
    const record = recordOf(id);
    if (record === undefined) return;
    const changed = record.blobs.flatMap((blob) =>
      blob.descriptor.digest === digest ? (change(blob) ?? []) : blob,
    );
    await writeRecord(id, { ...record, blobs: changed });
  }

  /** Notes that the layer is stored as this blob, or would be, and keeps the record from every prune. */
  async function adoptAs(
    id: SnapshotID,
    { diffID, descriptor }: StoredLayer,
    writer: Elsewhere,
  ): Promise<void> {
    const { mediaType, digest, size } = descriptor;
    const isKnown = () => recordOf(id)?.blobs.some((blob) => blob.descriptor.digest === digest) === true;
    // A prune may have taken the record before it was marked.
    do {
      if (!isKnown()) await addBlob(id, { diffID, descriptor: { mediaType, digest, size } }, writer);
    } while (!markUsed(join(records, `${id}.json`)));
  }

  return {
    recordOf,
    writeRecord,
    addBlob,
    findBlob: (id) => find(id, () => true),
    findFitting: (id, { algorithm }) =>
      find(id, ({ descriptor }) => layerCompression(descriptor.mediaType) === algorithm),
    isImported: (id, { digest }) =>
      recordOf(id)?.blobs.some((blob) => blob.descriptor.digest === digest && blob.writer === 'imported') ??
      false,
    noteExamined: (id, blob) => changeBlob(id, blob, (each) => ({ ...each, writer: 'pulled' })),
    forgetBlob: (id, blob) => changeBlob(id, blob, () => undefined),
    isStored: (id) => recordOf(id)?.blobs.some(isHeld) ?? false,
    async adopt(layer) {
      const id = snapshotIDFor(layer.diffID);
      await adoptAs(id, layer, 'pulled');
      return id;
    },
    async adoptAs(id, layer) {
      const known = recordOf(id);
      if (known !== undefined && known.diffID !== layer.diffID) return false;
      await adoptAs(id, layer, 'imported');
      return true;
    },
    readListing: (id) => readListing(listingPath(id), onDamage),
    writeListing: (id, listing) => writeListing(listingPath(id), listing),
  };
}
