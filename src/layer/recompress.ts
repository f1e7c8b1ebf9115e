import { createHash } from 'node:crypto';
import type { BlobStore } from '../content/blob-store.ts';
import { digestFromHex } from '../core/digest.ts';
import { CanceledError, IntegrityError } from '../core/errors.ts';
import type { StoredLayer } from '../oci/descriptor.ts';
import { blockBytes, openBlockCompressor } from './compress/block-compressor.ts';
import { type BlockSink, openBlockSink } from './compress/block-sink.ts';
import { type Block, type CompressPool, compressPool } from './compress/compress-pool.ts';
import { type Compression, layerMediaType } from './compression.ts';
import { inflateLayer } from './inflate/inflate.ts';
import type { PackedLayer } from './pack.ts';

/**
 * Stores a layer once more, compressed in another way: the same tar, so the same diffID, which is verified.
 * Memory holds a few blocks, whatever the size of the layer.
 *
 * @throws IntegrityError `diff-id-mismatch`, `blob-missing`, `blob-damaged`; HostError `zstd-missing`,
 * `disk-full`; CanceledError
 */
export async function recompressLayer(
  { descriptor, diffID }: StoredLayer,
  blobs: BlobStore,
  compression: Compression,
  signal: AbortSignal,
): Promise<PackedLayer> {
  const compressor = openBlockCompressor(compression);
  const pool = compressPool();
  const blob = await blobs.create();
  const sink = openBlockSink(blob, pool, compression, compressor);
  try {
    const tar = await fillBlocks(inflateLayer(blobs.open(descriptor)), sink, pool, signal);
    if (tar.digest !== diffID) {
      throw new IntegrityError(
        'diff-id-mismatch',
        `the layer ${descriptor.digest} holds ${tar.digest}, its image says ${diffID}`,
        { hint: 'whoever made the image has to make it again' },
      );
    }
    await sink.finish();
    const { digest, size } = await blob.commit();
    const stored = { mediaType: layerMediaType(compression), digest, size };
    return { layer: { descriptor: stored, diffID }, tarSize: tar.size, writer: compressor.writer };
  } finally {
    await sink.settle();
    await blob.abort();
  }
}

async function fillBlocks(
  tar: AsyncIterable<Uint8Array>,
  sink: BlockSink,
  pool: CompressPool,
  signal: AbortSignal,
) {
  const hash = createHash('sha256');
  let size = 0;
  let block: Block | undefined;
  let filled = 0;
  try {
    for await (const chunk of tar) {
      if (signal.aborted) throw new CanceledError();
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) {
        // A full block waits for more to come: only the last one knows that it is the last.
        if (block !== undefined && filled === blockBytes) {
          const full: Block = block;
          block = undefined;
          sink.push(full, filled, false);
        }
        if (block === undefined) {
          block = await pool.take();
          filled = 0;
        }
        const part = chunk.subarray(at, at + blockBytes - filled);
        block.input.set(part, filled);
        filled += part.length;
        at += part.length;
      }
      size += chunk.length;
    }
    if (block !== undefined) {
      const last = block;
      block = undefined;
      sink.push(last, filled, size <= blockBytes);
    }
    return { digest: digestFromHex(hash.digest('hex')), size };
  } finally {
    if (block !== undefined) pool.give(block);
  }
}
