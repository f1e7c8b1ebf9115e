import type { RemoteError } from '../../core/errors.ts';

/** A failure that the same request may not meet again. */
export class TransientError extends Error {
  /** What to report when trying again is over. */
  readonly failure: RemoteError;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(failure: RemoteError, retryAfterMs?: number) {
    super(failure.message);
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}
