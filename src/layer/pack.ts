import { setImmediate } from 'node:timers/promises';
import type { BlobStore } from '../content/blob-store.ts';
import type { DiffID } from '../core/digest.ts';
import { CanceledError } from '../core/errors.ts';
import { traced } from '../core/trace.ts';
import { openBlockHasher } from './compress/block-hasher.ts';
import type { BlockSink } from './compress/block-sink.ts';
import { type Block, type CompressPool, compressPool } from './compress/compress-pool.ts';
import type { KnownMembers } from './compress/known-members.ts';
import type { Compression } from './compression.ts';
import { type BegunLayer, beginLayerBlob, type PackedLayer } from './layer-blob.ts';
import type { LayerEntry } from './layer-entry.ts';
import { type BlockCursor, tarBlocks } from './tar-blocks.ts';
import { type BlockUnpacker, type FilesToWrite, openBlockUnpacker } from './unpack/block-unpacker.ts';

export interface PackOptions {
  readonly compression: Compression;
  readonly signal?: AbortSignal | undefined;
  /** Threads and memory to use: those of the process unless given. */
  readonly pool?: CompressPool;
  /** Where to look for blocks that were compressed before, and to note those of this layer. */
  readonly known?: KnownMembers;
  /** Where to write the files to as well. */
  readonly files?: FilesToWrite;
}

/** Other steps get their turn at least this often. */
const sliceMs = 15;

/**
 * Writes entries, in the order they come, as a layer blob, in one pass: tar, diffID, compression in blocks
 * on all cores, digest, blob. The bytes depend on entries and writer only, not on how many threads there
 * are. Memory holds a few blocks, whatever the size of the layer.
 *
 * @throws StepError `file-changed` when a file has another size than its entry says, `reserved-name`
 * @throws HostError `zstd-missing`, `disk-full`, `cannot-write-file`
 * @throws CanceledError
 */
export async function packLayer(
  entries: Iterable<LayerEntry>,
  blobs: BlobStore,
  options: PackOptions,
): Promise<PackedLayer> {
  return (await beginLayer(entries, blobs, options)).packed;
}

/** As `packLayer`, but done with the last entry, whose file is written then. What `packed` fails with is the caller's to meet. */
export function beginLayer(
  entries: Iterable<LayerEntry>,
  blobs: BlobStore,
  { compression, signal, pool = compressPool(), known, files: wanted }: PackOptions,
): Promise<BegunLayer> {
  return beginLayerBlob(blobs, compression, pool, known, async (sink) => {
    const fill = (files?: BlockUnpacker) =>
      traced('read and hash', () => fillBlocks(entries, sink, pool, signal, files));
    if (wanted === undefined) return fill();
    const files = openBlockUnpacker(wanted, pool);
    try {
      const diffID = await fill(files);
      await traced('write the last files', files.finish);
      return diffID;
    } finally {
      await files.close();
    }
  });
}

async function fillBlocks(
  entries: Iterable<LayerEntry>,
  sink: BlockSink,
  pool: CompressPool,
  signal: AbortSignal | undefined,
  files: BlockUnpacker | undefined,
): Promise<DiffID> {
  const hasher = openBlockHasher(pool);
  const cursor: BlockCursor = { block: new Uint8Array(), used: 0, pauseAt: 0 };
  const run = tarBlocks(files?.watch(entries) ?? entries, cursor);
  let block: Block | undefined;
  let isFirst = true;
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
      const isOnly = done === true && isFirst;
      await files?.push(block, cursor.used, isOnly);
      hasher.push(block, cursor.used, isOnly);
      const filled = block;
      block = undefined;
      sink.push(filled, cursor.used, isOnly);
      isFirst = false;
      if (done) return await hasher.finish();
    }
  } catch (error) {
    hasher.finish().catch(() => undefined);
    throw error;
  } finally {
    run.return();
    if (block !== undefined) pool.give(block);
  }
}
