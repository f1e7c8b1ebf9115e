import { CanceledError, StepError, UsageError } from '../../core/errors.ts';

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
/** What a timer of Node takes. */
const longestMs = 2 ** 31 - 1;

/**
 * Milliseconds of a time: `90s`, `1h30m`; a bare number is seconds.
 * @param flag for the error
 * @throws UsageError `bad-flag-value`
 */
export function parseTimeout(flag: string, text: string): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)([smh]?)/g)];
  const isWhole = /^(?:[0-9]+(?:\.[0-9]+)?|(?:[0-9]+(?:\.[0-9]+)?[smh])+)$/.test(text);
  const sum = parts.reduce(
    (total, [, amount, unit]) => total + Number(amount) * (seconds[unit || 's'] ?? 0),
    0,
  );
  const milliseconds = Math.ceil(sum * 1000);
  if (!isWhole || milliseconds < 1 || milliseconds > longestMs) {
    throw new UsageError('bad-flag-value', `${flag} ${text}: not a time, or one of more than 24 days`, {
      hint: 'for example 90s, 10m or 1h30m',
    });
  }
  return milliseconds;
}

/**
 * Does the work under a signal that also comes when the time is up.
 * @param text of `--timeout`; without it nothing but `signal` ends the work
 * @throws StepError `timed-out`, and what the work throws
 */
export async function withTimeout<T>(
  text: string | undefined,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (text === undefined) return work(signal);
  const time = AbortSignal.timeout(parseTimeout('--timeout', text));
  try {
    return await work(AbortSignal.any([signal, time]));
  } catch (error) {
    if (!(error instanceof CanceledError) || signal.aborted) throw error;
    throw new StepError('timed-out', `the build was stopped: it took longer than --timeout ${text}`, {
      hint: 'what was finished is in the cache: the next build goes on from there',
    });
  }
}
