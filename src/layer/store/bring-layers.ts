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
  /** Told of an imported layer that is not what it was said to be; gives what is to be thrown. */
  disown(descriptor: Descriptor, error: IntegrityError): Error;
}

export interface LayerBringer {
  /** As `bringAny`, of a certain layer. An imported one that goes into an image is read before. */
  bring(id: SnapshotID, layer: StoredLayer, signal: AbortSignal): Promise<void>;
  /** Puts a blob of the snapshot in the store if there is none. @throws IntegrityError `snapshot-lost` */
  bringAny(id: SnapshotID, signal: AbortSignal): Promise<StoredLayer>;
  /** Does what reads the layer. An import answers for one that is another than it said, and it is forgotten. */
  trusting<T>(id: SnapshotID, descriptor: Descriptor, work: () => Promise<T>): Promise<T>;
}

/** What is wrong with the store, whoever the layer is from. */
const ownDamage: ReadonlySet<string> = new Set(['blob-damaged', 'blob-missing']);

/**
 * Brings blobs of layers to the store. One that an import brought and that is not what it says is forgotten, and
 * answered for by `disown`.
 */
export function openLayerBringer(
  known: KnownLayers,
  blobs: BlobStore,
  { fetch, disown }: LayerOrigin,
): LayerBringer {
  async function fetchBlob(descriptor: Descriptor, signal: AbortSignal): Promise<void> {
    if (!blobs.holds(descriptor)) await traced('fetch layer', () => fetch(descriptor, signal));
  }

  async function trusting<T>(id: SnapshotID, descriptor: Descriptor, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof IntegrityError) || ownDamage.has(error.code)) throw error;
      if (!known.isImported(id, descriptor)) throw error;
      await known.forgetBlob(id, descriptor);
      throw disown(descriptor, error);
    }
  }

  return {
    trusting,
    async bring(id, { descriptor, diffID }, signal) {
      await fetchBlob(descriptor, signal);
      if (!known.isImported(id, descriptor)) return;
      await trusting(id, descriptor, () => verifyLayer(blobs.open(descriptor), descriptor.mediaType, diffID));
      await known.noteExamined(id, descriptor);
    },
    async bringAny(id, signal) {
      const layer = known.findBlob(id);
      if (layer === undefined) {
        throw new IntegrityError('snapshot-lost', `the snapshot ${id} has neither files nor a layer`, {
          hint: 'build again with --no-cache: the steps that need it will run',
        });
      }
      await fetchBlob(layer.descriptor, signal);
      return layer;
    },
  };
}
