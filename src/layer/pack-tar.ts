import { createHash } from 'node:crypto';
import type { BlobStore } from '../content/blob-store.ts';
import { type DiffID, digestFromHex } from '../core/digest.ts';
import { CanceledError } from '../core/errors.ts';
import { blockBytes, openBlockCompressor } from './compress/block-compressor.ts';
import { type BlockSink, openBlockSink } from './compress/block-sink.ts';
import { type Block, type CompressPool, compressPool } from './compress/compress-pool.ts';
import { type Compression, layerMediaType } from './compression.ts';
import type { PackedLayer } from './pack.ts';

/**
 * Stores a layer that is a tar already. Memory holds a few blocks, whatever the size of the layer.
 *
 * @param check is told what the tar came to; what it throws keeps the blob out of the store
 * @throws HostError `zstd-missing`, `disk-full`; CanceledError; what `tar` and `check` throw
 */
export async function packTar(
  tar: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
  compression: Compression,
  signal: AbortSignal,
  check: (diffID: DiffID) => void,
): Promise<PackedLayer> {
  const compressor = openBlockCompressor(compression);
  const pool = compressPool();
  const blob = await blobs.create();
  const sink = openBlockSink(blob, pool, compression, compressor);
  try {
    const { diffID, size: tarSize } = await fillBlocks(tar, sink, pool, signal);
    check(diffID);
    await sink.finish();
    const { digest, size } = await blob.commit();
    const descriptor = { mediaType: layerMediaType(compression), digest, size };
    return { layer: { descriptor, diffID }, tarSize, writer: compressor.writer };
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
    return { diffID: digestFromHex<DiffID>(hash.digest('hex')), size };
  } finally {
    if (block !== undefined) pool.give(block);
  }
}
