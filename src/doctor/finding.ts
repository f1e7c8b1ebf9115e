/**
 * What doctor says of one thing. `fail`: a build with a RUN step cannot work, or something is left behind that
 * must go; `warn`: builds work, and something of what strata can do does not.
 */
export interface Finding {
  /** What was looked at; stable, for programs. */
  readonly name: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  /** How it is, in one line. */
  readonly text: string;
  /** The command, or else the advice, that mends it. */
  readonly remedy?: string | undefined;
}

/** It works. */
export function ok(name: string, text: string): Finding {
  return { name, verdict: 'ok', text };
}

/** Builds work without it. */
export function warn(name: string, text: string, remedy?: string): Finding {
  return { name, verdict: 'warn', text, remedy };
}

/** No build with a RUN step works, or something must go. */
export function fail(name: string, text: string, remedy?: string): Finding {
  return { name, verdict: 'fail', text, remedy };
}

/** What an attempt met, with the hint of the error for a remedy. */
export function failedBy(name: string, error: unknown): Finding {
  if (!(error instanceof Error)) throw error;
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  return fail(name, error.message, hint);
}
