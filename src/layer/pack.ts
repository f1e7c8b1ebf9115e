import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { BlobStore } from '../content/blob-store.ts';
import { type DiffID, digestFromHex } from '../core/digest.ts';
import { CanceledError } from '../core/errors.ts';
import { traced } from '../core/trace.ts';
import type { StoredLayer } from '../oci/descriptor.ts';
import { openBlockCompressor } from './compress/block-compressor.ts';
import { type BlockSink, openBlockSink } from './compress/block-sink.ts';
import { type Block, type CompressPool, compressPool } from './compress/compress-pool.ts';
import type { KnownMembers } from './compress/known-members.ts';
import { noteMembers } from './compress/member-table.ts';
import { type Compression, layerMediaType } from './compression.ts';
import type { LayerEntry } from './layer-entry.ts';
import { type BlockCursor, tarBlocks } from './tar-blocks.ts';

export type { Compression } from './compression.ts';

export interface PackOptions {
  readonly compression: Compression;
  readonly signal?: AbortSignal | undefined;
  /** Threads and memory to use: those of the process unless given. */
  readonly pool?: CompressPool;
  /** Where to look for blocks that were compressed before, and to note those of this layer. */
  readonly known?: KnownMembers;
}

export interface PackedLayer {
  readonly layer: StoredLayer;
  /** Bytes of the tar. */
  readonly tarSize: number;
  /** Which implementation compressed it, at which level: the blob's bytes are the same where this is. */
  readonly writer: string;
}

/** Other steps get their turn at least this often. */
const sliceMs = 15;

/**
 * Writes entries, in the order they come, as a layer blob, in one pass: tar, diffID, compression in blocks
 * on all cores, digest, blob. The bytes depend on entries and writer only, not on how many threads there
 * are. Memory holds a few blocks, whatever the size of the layer.
 *
 * @throws StepError `file-changed` when a file has another size than its entry says, `reserved-name`
 * @throws HostError `zstd-missing`, `disk-full`
 * @throws CanceledError
 */
export async function packLayer(
  entries: Iterable<LayerEntry>,
  blobs: BlobStore,
  { compression, signal, pool = compressPool(), known }: PackOptions,
): Promise<PackedLayer> {
  const compressor = openBlockCompressor(compression);
  const blob = await blobs.create();
  const sink = openBlockSink(blob, pool, compression, compressor, known);
  try {
    const { diffID, tarSize } = await traced('read and hash', () => fillBlocks(entries, sink, pool, signal));
    const members = await traced('compress the rest', sink.finish);
    const { digest, size } = await traced('flush blob', () => blob.commit());
    // A single block is compressed sooner than looked for.
    if (known !== undefined && members.length > 1)
      noteMembers(known.table, digest, members, compressor.writer);
    const descriptor = { mediaType: layerMediaType(compression), digest, size };
    return { layer: { descriptor, diffID }, tarSize, writer: compressor.writer };
  } finally {
    await sink.settle();
    await blob.abort();
  }
}

async function fillBlocks(
  entries: Iterable<LayerEntry>,
  sink: BlockSink,
  pool: CompressPool,
  signal: AbortSignal | undefined,
): Promise<{ readonly diffID: DiffID; readonly tarSize: number }> {
  const hash = createHash('sha256');
  const cursor: BlockCursor = { block: new Uint8Array(), used: 0, pauseAt: 0 };
  const run = tarBlocks(entries, cursor);
  let tarSize = 0;
  let block: Block | undefined;
  try {
    for (;;) {
      if (signal?.aborted) throw new CanceledError();
      if (performance.now() >= cursor.pauseAt) {
        await setImmediate();
        cursor.pauseAt = performance.now() + sliceMs;
      }
      if (block === undefined) {
        block = await pool.take();
        cursor.block = block.input;
        cursor.used = 0;
      }
      const { done, value } = run.next();
      if (value === 'pause') continue;
      hash.update(cursor.block.subarray(0, cursor.used));
      tarSize += cursor.used;
      const isOnly = done === true && tarSize === cursor.used;
      const filled = block;
      block = undefined;
      sink.push(filled, cursor.used, isOnly);
      if (done) return { diffID: digestFromHex(hash.digest('hex')), tarSize };
    }
  } finally {
    run.return();
    if (block !== undefined) pool.give(block);
  }
}
