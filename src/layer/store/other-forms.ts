/** A layer in another form than it is stored in: compressed otherwise, or without late times. Each is made once. */
import type { BlobStore } from '../../content/blob-store.ts';
import type { StoredLayer } from '../../oci/descriptor.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { clampLayer } from '../clamp.ts';
import { blockForms } from '../compress/block-forms.ts';
import { type Compression, layerMediaType } from '../compression.ts';
import type { PackedLayer } from '../layer-blob.ts';
import { type LayerBlob, type LayerRecord, sameLayer } from '../layer-record.ts';
import { recompressLayer } from '../recompress.ts';

export interface FormServices {
  readonly blobs: BlobStore;
  recordOf(id: SnapshotID): LayerRecord | undefined;
  writeRecord(id: SnapshotID, record: LayerRecord): Promise<void>;
  /** Gets the blob of a layer if it is not in the store. */
  bring(id: SnapshotID, layer: StoredLayer, signal: AbortSignal): Promise<void>;
  save(id: SnapshotID, packed: PackedLayer): Promise<StoredLayer>;
}

/** The blob of a layer that was compressed exactly like this. @throws what `recompressLayer` throws */
export async function recompressed(
  services: FormServices,
  id: SnapshotID,
  layer: StoredLayer,
  compression: Compression,
  signal: AbortSignal,
): Promise<StoredLayer> {
  const { blobs, recordOf, bring, save } = services;
  const isWanted = isCompressedBy(compression, blobs);
  const made = recordOf(id)?.blobs.find(isWanted);
  if (made !== undefined) return { diffID: layer.diffID, descriptor: made.descriptor };
  await bring(id, layer, signal);
  return save(id, await recompressLayer(layer, blobs, compression, signal));
}

/** The layer without times after `seconds`; itself where it has none. @throws what `clampLayer` throws */
export async function clamped(
  services: FormServices,
  id: SnapshotID,
  layer: StoredLayer,
  seconds: number,
  compression: Compression,
  signal: AbortSignal,
): Promise<StoredLayer> {
  const { blobs, recordOf, writeRecord, bring } = services;
  const isWanted = isCompressedBy(compression, blobs);
  const known = sameLayer(recordOf(id), layer.diffID)?.clamped?.filter((each) => each.seconds === seconds);
  if (known?.some(({ diffID }) => diffID === layer.diffID)) return layer;
  const made = known?.find(isWanted);
  if (made !== undefined) return { diffID: made.diffID, descriptor: made.descriptor };
  await bring(id, layer, signal);
  const packed = await clampLayer(layer, blobs, seconds, compression, signal);
  const { descriptor, diffID } = packed?.layer ?? layer;
  const { writer } = blockForms(compression);
  const record = sameLayer(recordOf(id), layer.diffID) ?? { diffID: layer.diffID, blobs: [] };
  const own = { seconds, diffID, descriptor, writer };
  await writeRecord(id, { ...record, clamped: [...(record.clamped ?? []), own] });
  return { descriptor, diffID };
}

/** What compressed a blob tells its bytes: one that came from elsewhere never fits. */
function isCompressedBy(compression: Compression, blobs: BlobStore): (blob: LayerBlob) => boolean {
  const { writer } = blockForms(compression);
  const mediaType = layerMediaType(compression);
  return (blob) =>
    blob.writer === writer && blob.descriptor.mediaType === mediaType && blobs.holds(blob.descriptor);
}
