import { setImmediate } from 'node:timers/promises';
import type { BytePath } from '../../core/byte-path.ts';
import { openThread } from '../../sys/thread/thread.ts';
import type { Block, CompressPool } from '../compress/compress-pool.ts';
import type { LayerEntry } from '../layer-entry.ts';
import { notWritten, tarUnpacker } from './tar-unpacker.ts';

/** Writes the files of a layer while it is packed: from the blocks of its tar, so nothing is read for it again. */
export interface BlockUnpacker {
  /** Passes entries on, and notes of them what their tar does not say. They go through here before they are packed. */
  watch(entries: Iterable<LayerEntry>): Iterable<LayerEntry>;
  /**
   * Takes the block, of which `length` bytes count, and which may be given back only by way of the pool.
   * @param isOnly whether it is the whole layer
   * @throws what went wrong with an earlier block: HostError `disk-full`, `cannot-write-file`
   */
  push(block: Block, length: number, isOnly: boolean): Promise<void>;
  /** Fulfilled when everything is written. @throws what went wrong */
  finish(): Promise<void>;
  /** Fulfilled when nothing is written any more. */
  close(): Promise<void>;
}

export interface FilesToWrite {
  /** An empty directory. */
  readonly upper: string;
  /** As `ActiveSnapshot.places`, where there may be many of them. */
  readonly places?: string;
  /** Those that are not written are somewhere else already; without, all are. */
  isWritten?(path: BytePath): boolean;
}

/** What the thread does, for the tar whose files go to `upper`. */
export type BlockUnpackTask = Pick<FilesToWrite, 'upper' | 'places'> &
  (
    | { readonly kind: 'block'; readonly bytes: Uint8Array; readonly notes: readonly number[] }
    /** The tar is complete. */
    | { readonly kind: 'finish' }
    /** Nothing is written there any more. */
    | { readonly kind: 'close' }
  );

/** One for the process: files of one disk are written no faster by several. */
const thread = openThread<BlockUnpackTask, void>('block-unpack-worker', 'strata write files');

const pieceBytes = 1 << 16;

/** An unpacker for one layer. A thread writes the files; a single block it is not worth starting for. */
export function openBlockUnpacker(
  { upper, places, isWritten }: FilesToWrite,
  pool: CompressPool,
): BlockUnpacker {
  const to = { upper, ...(places === undefined ? {} : { places }) };
  let notes: number[] = [];
  let isAsked = false;
  let failure: { readonly error: unknown } | undefined;

  return {
    *watch(entries) {
      for (const entry of entries) {
        notes.push(isWritten?.(entry.path) === false ? notWritten : nanosecondsOf(entry));
        yield entry;
      }
    },
    async push(block, length, isOnly) {
      if (failure !== undefined) throw failure.error;
      const bytes = block.input.subarray(0, length);
      const noted = notes;
      notes = [];
      if (isOnly) return unpackHere(upper, bytes, noted);
      isAsked = true;
      pool.share(block);
      thread
        .ask({ kind: 'block', ...to, bytes, notes: noted })
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => pool.give(block));
    },
    async finish() {
      if (isAsked) await thread.ask({ kind: 'finish', ...to });
      if (failure !== undefined) throw failure.error;
    },
    async close() {
      if (isAsked) await thread.ask({ kind: 'close', ...to });
    },
  };
}

function nanosecondsOf(entry: LayerEntry): number {
  return entry.type === 'delete' ? 0 : entry.mtime.nanoseconds;
}

/** In pieces: others get their turn. */
async function unpackHere(upper: string, bytes: Uint8Array, notes: readonly number[]): Promise<void> {
  const unpacker = tarUnpacker(upper);
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (at > 0) await setImmediate();
      unpacker.push(bytes.subarray(at, at + pieceBytes), at === 0 ? notes : []);
    }
    unpacker.finish();
  } finally {
    unpacker.close();
  }
}
