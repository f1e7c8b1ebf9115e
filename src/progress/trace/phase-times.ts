import type { Phase } from '../../core/trace.ts';

interface Sum {
  count: number;
  totalMs: number;
  longestMs: number;
}

/**
 * A line for each kind of phase, the longest in all first: how often, how long in all, the longest. Phases lie
 * inside of each other and side by side, so they add up to more than the build took.
 */
export function printPhaseTimes(phases: readonly Phase[]): string {
  const sums = new Map<string, Sum>();
  for (const { name, startMs, endMs } of phases) {
    const sum = sums.get(name) ?? { count: 0, totalMs: 0, longestMs: 0 };
    sums.set(name, sum);
    sum.count++;
    sum.totalMs += endMs - startMs;
    sum.longestMs = Math.max(sum.longestMs, endMs - startMs);
  }
  const rows = [...sums].sort(([, a], [, b]) => b.totalMs - a.totalMs);
  const lines = rows.map(
    ([name, { count, totalMs, longestMs }]) =>
      `${name.padEnd(24)}${String(count).padStart(6)}${totalMs.toFixed(1).padStart(11)}${longestMs.toFixed(1).padStart(11)}`,
  );
  return ['phase                    times   total ms longest ms', ...lines, ''].join('\n');
}
