import { createHash } from 'node:crypto';
import type { BlobStore } from '../content/blob-store.ts';
import { type DiffID, digestFromHex } from '../core/digest.ts';
import { CanceledError } from '../core/errors.ts';
import { blockBytes } from './compress/block-compressor.ts';
import type { BlockSink } from './compress/block-sink.ts';
import { type Block, type CompressPool, compressPool } from './compress/compress-pool.ts';
import type { Compression } from './compression.ts';
import { type PackedLayer, writeLayerBlob } from './layer-blob.ts';

/**
 * Stores a layer that is a tar already. Memory holds a few blocks, whatever the size of the layer.
 *
 * @param check is told what the tar came to; what it throws keeps the blob out of the store
 * @throws HostError `zstd-missing`, `disk-full`; CanceledError; what `tar` and `check` throw
 */
export function packTar(
  tar: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
  compression: Compression,
  signal: AbortSignal,
  check: (diffID: DiffID) => void,
): Promise<PackedLayer> {
  const pool = compressPool();
  return writeLayerBlob(blobs, compression, pool, undefined, async (sink) => {
    const diffID = await fillBlocks(tar, sink, pool, signal);
    check(diffID);
    return diffID;
  });
}

async function fillBlocks(
  tar: AsyncIterable<Uint8Array>,
  sink: BlockSink,
  pool: CompressPool,
  signal: AbortSignal,
): Promise<DiffID> {
  const hash = createHash('sha256');
  let block: Block | undefined;
  let filled = 0;
  let isFirst = true;
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
          isFirst = false;
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
    }
    if (block !== undefined) {
      const last = block;
      block = undefined;
      sink.push(last, filled, isFirst);
    }
    return digestFromHex(hash.digest('hex'));
  } finally {
    if (block !== undefined) pool.give(block);
  }
}
