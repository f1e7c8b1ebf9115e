/** Layers that came from elsewhere: their blobs are fetched when needed and examined before they are believed. */
import type { BlobStore } from '../../content/blob-store.ts';
import { IntegrityError } from '../../core/errors.ts';
import { traced } from '../../core/trace.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { verifyLayer } from '../verify-layer.ts';
import type { KnownLayers } from './known-layers.ts';

export interface LayerOrigin {
  /** Gets a blob that is not in the store yet from wherever its image came from. */
  fetch(descriptor: Descriptor, signal: AbortSignal): Promise<void>;
  /** Told of a layer that is not what it was said to be; gives what is to be thrown. */
  disown(descriptor: Descriptor, error: IntegrityError): Error;
}

export interface LayerBringer {
  /** Puts the layer's blob in the store if it is not there. */
  bring(layer: StoredLayer, signal: AbortSignal): Promise<void>;
  /** As `bring`, for a snapshot. @throws IntegrityError `snapshot-lost` when it has no layer */
  bringAny(id: SnapshotID, signal: AbortSignal): Promise<StoredLayer>;
  /** Does what reads the layer; its origin answers for a layer that is another than was said. */
  trusting<T>(descriptor: Descriptor, work: () => Promise<T>): Promise<T>;
  /** Reads an imported layer before it goes into an image: whoever uses it here reads it anyway. */
  examine(id: SnapshotID, layer: StoredLayer): Promise<void>;
}

export function openLayerBringer(
  known: KnownLayers,
  blobs: BlobStore,
  { fetch, disown }: LayerOrigin,
): LayerBringer {
  async function bring({ descriptor }: StoredLayer, signal: AbortSignal): Promise<void> {
    if (!blobs.holds(descriptor)) await traced('fetch layer', () => fetch(descriptor, signal));
  }

  async function trusting<T>(descriptor: Descriptor, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isAnother = error instanceof IntegrityError && error.code === 'diff-id-mismatch';
      throw isAnother ? disown(descriptor, error) : error;
    }
  }

  return {
    bring,
    trusting,
    async bringAny(id, signal) {
      const layer = known.findBlob(id);
      if (layer === undefined) {
        throw new IntegrityError('snapshot-lost', `the snapshot ${id} has neither files nor a layer`, {
          hint: 'build again with --no-cache: the steps that need it will run',
        });
      }
      await bring(layer, signal);
      return layer;
    },
    async examine(id, { descriptor, diffID }) {
      const record = known.recordOf(id);
      const isSame = (other: Descriptor) => other.digest === descriptor.digest;
      const found = record?.blobs.find((blob) => isSame(blob.descriptor) && blob.writer === 'imported');
      if (record === undefined || found === undefined) return;
      await trusting(descriptor, () => verifyLayer(blobs.open(descriptor), diffID));
      const examined = record.blobs.map((blob) =>
        isSame(blob.descriptor) ? { ...blob, writer: 'pulled' } : blob,
      );
      await known.writeRecord(id, { ...record, blobs: examined });
    },
  };
}
