import { availableParallelism } from 'node:os';
import type { DiffID } from '../../core/digest.ts';
import { traced } from '../../core/trace.ts';
import { openThread } from '../../sys/thread/thread.ts';
import type { ListedMember } from './layer-listing.ts';

/** What the thread is asked: the listing of a layer whose blob is not complete. */
export interface ArrivingLayer {
  /** Where its bytes arrive, in their order, and where they are in the end. */
  readonly paths: readonly string[];
  readonly diffID: DiffID;
  /** In shared memory: one of `arrival`. */
  readonly state: Int32Array;
}

export const arrival = { underWay: 0, complete: 1 } as const;

export interface ArrivingListing {
  /**
   * To be called when the blob is complete.
   * @returns undefined where what arrived at first was not the layer: then it is to be listed from its blob
   */
  complete(): Promise<readonly ListedMember[] | undefined>;
  /** Nothing more arrives. */
  giveUp(): Promise<void>;
}

let running = 0;

/**
 * Has a thread list a layer while its blob is downloaded: inflating takes longer than that. What it reads is not verified,
 * but the listing is: it is that of a tar with this diffID.
 * @returns undefined where as many threads do so already as there are cores
 */
export function listArriving(paths: readonly string[], diffID: DiffID): ArrivingListing | undefined {
  if (running >= availableParallelism()) return undefined;
  running++;
  const thread = openThread<ArrivingLayer, readonly ListedMember[]>('list-worker', 'strata list layer');
  const state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const answer = thread.ask({ paths, diffID, state }).catch(() => undefined);

  const end = async () => {
    running--;
    await thread.end();
  };
  return {
    async complete() {
      Atomics.store(state, 0, arrival.complete);
      const listing = await traced('list layer', () => answer);
      await end();
      return listing;
    },
    giveUp: end,
  };
}
