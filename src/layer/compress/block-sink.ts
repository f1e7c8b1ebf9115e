import type { BlobWriter } from '../../content/blob-store.ts';
import type { Compression } from '../compression.ts';
import type { BlockCompressor } from './block-compressor.ts';
import type { Block, CompressPool } from './compress-pool.ts';
import { type KnownMembers, memberAt } from './known-members.ts';
import type { Member } from './member-table.ts';

/** Takes filled blocks, has them compressed side by side, writes them in order, and gives them back. */
export interface BlockSink {
  /**
   * Takes over the block, of which `length` bytes count.
   * @param isOnly whether it is the whole layer
   * @throws what went wrong with an earlier block
   */
  push(block: Block, length: number, isOnly: boolean): void;
  /**
   * Fulfilled when all blocks are written and given back, with what they came to where that may be of use later.
   * @throws what went wrong with one of them
   */
  finish(): Promise<readonly Member[]>;
  /** The same, but keeps quiet. */
  settle(): Promise<void>;
}

/**
 * A sink for one layer. `compressor` takes the blocks that are not worth a thread of the pool.
 * @param known where to look for blocks that were compressed before
 */
export function openBlockSink(
  blob: BlobWriter,
  pool: CompressPool,
  compression: Compression,
  compressor: BlockCompressor,
  known?: KnownMembers,
): BlockSink {
  let written = Promise.resolve();
  const members: Member[] = [];
  const hasMembers = compression.algorithm === 'gzip' && known !== undefined;
  let failure: { readonly error: unknown } | undefined;
  const compress = ({ input, output }: Block, length: number): number =>
    compressor.compress(input.subarray(0, length), output);
  const write = async (block: Block, compressed: Promise<number>) => {
    try {
      const length = await compressed;
      const member = block.output.subarray(0, length);
      if (hasMembers) members.push(memberAt(member, blob.size));
      if (failure === undefined) await blob.write(member);
    } catch (error) {
      failure ??= { error };
    } finally {
      pool.give(block);
    }
  };

  return {
    push(block, length, isOnly) {
      if (failure !== undefined) {
        pool.give(block);
        throw failure.error;
      }
      // Starting threads takes longer than compressing a single block, and copying needs none.
      const isQuick = compression.algorithm === 'uncompressed' || (isOnly && !pool.isRunning);
      const compressed = isQuick
        ? Promise.resolve(compress(block, length))
        : pool.compress(block, length, compression, known);
      // Handled when its turn comes.
      compressed.catch(() => undefined);
      written = written.then(() => write(block, compressed));
    },
    async finish() {
      await written;
      if (failure !== undefined) throw failure.error;
      return members;
    },
    settle: () => written,
  };
}
