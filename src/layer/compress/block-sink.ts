import type { BlobWriter } from '../../content/blob-store.ts';
import { openBlockCompressor } from './block-compressor.ts';
import type { BlockForms } from './block-forms.ts';
import type { Block, CompressedBlock, CompressPool } from './compress-pool.ts';
import type { KnownMembers, MemberSource } from './known-members.ts';
import { type Member, memberKey } from './member-table.ts';

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
 * A sink for one layer.
 * @param known where to look for blocks that were compressed before
 */
export function openBlockSink(
  blob: BlobWriter,
  pool: CompressPool,
  forms: BlockForms,
  known?: KnownMembers,
): BlockSink {
  let written = Promise.resolve();
  const members: Member[] = [];
  let failure: { readonly error: unknown } | undefined;
  let source: MemberSource | undefined;
  const write = async (block: Block, compressed: Promise<CompressedBlock>) => {
    try {
      const { length, name } = await compressed;
      if (name !== undefined) members.push({ ...name, offset: blob.size, size: length });
      if (failure === undefined) await blob.write(block.output.subarray(0, length));
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
      const input = block.input.subarray(0, length);
      const compression = forms.next(input, isOnly);
      // Starting threads takes longer than compressing a single block, and copying needs none.
      const isQuick = compression.algorithm === 'uncompressed' || (isOnly && !pool.isRunning);
      if (!isQuick && known !== undefined) source ??= { ...known, key: memberKey(known.table) };
      const compressed = isQuick
        ? Promise.resolve({ length: openBlockCompressor(compression).compress(input, block.output) })
        : pool.compress(block, length, compression, source);
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
