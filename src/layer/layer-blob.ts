import type { BlobStore } from '../content/blob-store.ts';
import type { DiffID } from '../core/digest.ts';
import { traced } from '../core/trace.ts';
import type { StoredLayer } from '../oci/descriptor.ts';
import { blockForms } from './compress/block-forms.ts';
import { type BlockSink, openBlockSink } from './compress/block-sink.ts';
import type { CompressPool } from './compress/compress-pool.ts';
import type { KnownMembers } from './compress/known-members.ts';
import { noteMembers } from './compress/member-table.ts';
import { type Compression, layerMediaType } from './compression.ts';

export interface PackedLayer {
  readonly layer: StoredLayer;
  /** Which implementation compressed it, at which levels: the blob's bytes are the same where this is. */
  readonly writer: string;
}

/**
 * Stores the tar of a layer as a blob.
 *
 * @param known where to look for blocks that were compressed before, and to note those of this layer
 * @param fill pushes the tar's blocks and says what they came to; what it throws keeps the blob out of the store
 * @throws HostError `zstd-missing`, `disk-full`; what `fill` throws
 */
export async function writeLayerBlob(
  blobs: BlobStore,
  compression: Compression,
  pool: CompressPool,
  known: KnownMembers | undefined,
  fill: (sink: BlockSink) => Promise<DiffID>,
): Promise<PackedLayer> {
  return (await beginLayerBlob(blobs, compression, pool, known, fill)).packed;
}

/** A layer whose tar is whole; what is left of its blob is compressed and flushed behind other work. */
export interface BegunLayer {
  readonly packed: Promise<PackedLayer>;
}

/** As `writeLayerBlob`, but done when `fill` is. What `packed` fails with is the caller's to meet. */
export async function beginLayerBlob(
  blobs: BlobStore,
  compression: Compression,
  pool: CompressPool,
  known: KnownMembers | undefined,
  fill: (sink: BlockSink) => Promise<DiffID>,
): Promise<BegunLayer> {
  const forms = blockForms(compression);
  const blob = await blobs.create();
  const sink = openBlockSink(blob, pool, forms, known);
  const release = async () => {
    await sink.settle();
    await blob.abort();
  };

  async function finish(diffID: DiffID): Promise<PackedLayer> {
    try {
      const members = await traced('compress the rest', sink.finish);
      const { digest, size } = await traced('flush blob', () => blob.commit());
      // A single block is compressed sooner than looked for.
      if (known !== undefined && members.length > 1) noteMembers(known.table, digest, members);
      const descriptor = { mediaType: layerMediaType(compression), digest, size };
      return { layer: { descriptor, diffID }, writer: forms.writer };
    } finally {
      await release();
    }
  }

  try {
    return { packed: finish(await fill(sink)) };
  } catch (error) {
    await release();
    throw error;
  }
}
