import type { BlobStore } from '../content/blob-store.ts';
import type { StoredLayer } from '../oci/descriptor.ts';
import type { Compression } from './compression.ts';
import { assertDiffID } from './diff-id.ts';
import { inflateLayer } from './inflate/inflate.ts';
import type { PackedLayer } from './layer-blob.ts';
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
  return packTar(tar, blobs, compression, signal, (got) =>
    assertDiffID(got, layer.diffID, `the layer ${layer.descriptor.digest}`),
  );
}
