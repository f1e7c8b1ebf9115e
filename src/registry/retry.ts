import { setTimeout as delay } from 'node:timers/promises';
import { CanceledError, RemoteError } from '../core/errors.ts';
import type { Timing } from './options.ts';
import { TransientError } from './registry-error.ts';

export type RetryPolicy = Pick<Timing, 'attempts' | 'firstPauseMs'>;

/** Longer than this nobody waits for a server that asks for patience. */
const longestPauseMs = 60_000;

export interface Retrying {
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal;
  /** Told about each pause. */
  readonly onPause?: (error: RemoteError, pauseMs: number) => void;
  /** Something that grows as the work gets on: tries are counted anew when it has grown. */
  readonly progress?: () => number;
}

/**
 * Does `work`, again while it fails with a `TransientError`: after a pause that doubles, or as long as the
 * server asked for. A minute is the longest pause.
 * @throws RemoteError what the last try met, with the number of tries; CanceledError; what `work` throws otherwise
 */
export async function withRetries<T>(retrying: Retrying, work: () => Promise<T>): Promise<T> {
  const { policy, signal, onPause, progress = () => 0 } = retrying;
  let reached = progress();
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw new CanceledError();
      if (!(error instanceof TransientError)) throw error;
      if (progress() > reached) tries = 1;
      reached = progress();
      if (tries >= policy.attempts) throw withCount(error.failure, tries);
      const wanted = error.retryAfterMs ?? policy.firstPauseMs * 2 ** (tries - 1);
      const pauseMs = Math.min(wanted, longestPauseMs);
      onPause?.(error.failure, pauseMs);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw new CanceledError();
    }
  }
}

function withCount(error: RemoteError, tries: number): RemoteError {
  if (tries === 1) return error;
  const message = `${error.message} (tried ${tries} times)`;
  return new RemoteError(error.code, message, { hint: error.hint, cause: error.cause });
}
