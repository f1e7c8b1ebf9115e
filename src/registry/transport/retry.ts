import { setTimeout as delay } from 'node:timers/promises';
import { CanceledError, RemoteError } from '../../core/errors.ts';
import type { Timing } from '../options.ts';
import { printSpan } from '../shown.ts';
import { TransientError } from './transient-error.ts';

export type RetryPolicy = Pick<Timing, 'attempts' | 'firstPauseMs' | 'longestPauseMs'>;

export interface Retrying {
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal;
  /** Told about each pause. */
  readonly onPause?: (error: RemoteError, pauseMs: number) => void;
  /** Something that grows as the work gets on: tries are counted anew when it has grown. */
  readonly progress?: () => number;
}

/**
 * Does `work`, again while it fails with a `TransientError`: after a pause that doubles and differs from one
 * client to the next, or as long as the server asked for. Who is asked to wait too long gives up at once.
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
      const wanted = error.retryAfterMs ?? 0;
      if (wanted > policy.longestPauseMs)
        throw withNote(error.failure, `it asks to wait ${printSpan(wanted)}`);
      if (tries >= policy.attempts)
        throw tries === 1 ? error.failure : withNote(error.failure, `tried ${tries} times`);
      const pauseMs = wanted + ownPause(policy, tries, wanted > 0);
      onPause?.(error.failure, pauseMs);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw new CanceledError();
    }
  }
}

/**
 * Many clients that were cut off at once must not come back at once: half of the pause is chance. Behind what
 * a server asked for, a small part suffices.
 */
function ownPause({ firstPauseMs, longestPauseMs }: RetryPolicy, tries: number, wasAsked: boolean): number {
  if (wasAsked) return Math.random() * firstPauseMs;
  return Math.min(firstPauseMs * 2 ** (tries - 1), longestPauseMs) * (0.5 + Math.random() / 2);
}

function withNote(error: RemoteError, note: string): RemoteError {
  return new RemoteError(error.code, `${error.message} (${note})`, { hint: error.hint, cause: error.cause });
}
