import { type DiffID, digestFromHex } from '../../core/digest.ts';
import { digestBytes } from '../../core/digest-bytes.ts';
import type { Block, CompressPool, StreamHasher } from './compress-pool.ts';

/** Hashes the blocks of a layer while they are compressed. */
export interface BlockHasher {
  /**
   * Takes the next block, of which `length` bytes count, and which may be given back only by way of the pool.
   * @param isOnly whether it is the whole layer
   * @throws what went wrong with an earlier block
   */
  push(block: Block, length: number, isOnly: boolean): void;
  /** What they come to. To be called once, be it to forget them. @throws what went wrong */
  finish(): Promise<DiffID>;
}

/** A hasher for one layer: a thread of the pool does it, if there is more than one block. */
export function openBlockHasher(pool: CompressPool): BlockHasher {
  let only: DiffID | undefined;
  let stream: StreamHasher | undefined;
  let failure: { readonly error: unknown } | undefined;
  return {
    push(block, length, isOnly) {
      if (failure !== undefined) throw failure.error;
      const bytes = block.input.subarray(0, length);
      if (isOnly) {
        only = digestBytes(bytes);
        return;
      }
      stream ??= pool.hasher();
      pool.share(block);
      stream
        .update(bytes)
        .catch((error: unknown) => {
          failure = { error };
        })
        .finally(() => pool.give(block));
    },
    async finish() {
      return only ?? digestFromHex((await stream?.digest()) ?? '');
    },
  };
}
