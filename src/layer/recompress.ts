import type { BlobStore } from '../content/blob-store.ts';
import type { DiffID } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import type { StoredLayer } from '../oci/descriptor.ts';
import type { Compression } from './compression.ts';
import { inflateLayer } from './inflate/inflate.ts';
import type { PackedLayer } from './pack.ts';
import { packTar } from './pack-tar.ts';

/**
 * Stores a layer once more, compressed in another way: the same tar, so the same diffID, which is verified.
 *
 * @throws IntegrityError `diff-id-mismatch`, `blob-missing`, `blob-damaged`; what `packTar` throws
 */
export function recompressLayer(
  layer: StoredLayer,
  blobs: BlobStore,
  compression: Compression,
  signal: AbortSignal,
): Promise<PackedLayer> {
  const tar = inflateLayer(blobs.open(layer.descriptor));
  return packTar(tar, blobs, compression, signal, (got) => assertDiffID(layer, got));
}

/** @throws IntegrityError `diff-id-mismatch` */
export function assertDiffID({ descriptor, diffID }: StoredLayer, got: DiffID): void {
  if (got === diffID) return;
  throw new IntegrityError(
    'diff-id-mismatch',
    `the layer ${descriptor.digest} holds ${got}, its image says ${diffID}`,
    { hint: 'whoever made the image has to make it again' },
  );
}
