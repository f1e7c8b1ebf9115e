import { type Digest, digestHex } from '../../core/digest.ts';
import type { MemberCounts } from '../../inspect/diff/compare-layers.ts';
import type { LayerSource } from '../../inspect/report.ts';

/** As Docker shows digests, unless nothing is to be cut. */
export function shortDigest(digest: Digest | null, isWhole: boolean): string {
  if (digest === null) return '-';
  return isWhole ? digest : digestHex(digest).slice(0, 12);
}

/** `2026-01-01 00:08`, or a dash. */
export function shortTime(time: string | null): string {
  return time?.replace(/^(\S{10})T(\S{5}).*$/s, '$1 $2') ?? '-';
}

/** `Dockerfile:7`, or the step's number where the line is not known. */
export function placeOf({ dockerfile, line, step }: LayerSource): string {
  return line === null ? (/^\[[^\]]*\]/.exec(step)?.[0] ?? dockerfile) : `${dockerfile}:${line}`;
}

/** `1 file`, `3 files`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `3.5 %`, `42 %`: a digit behind the point where there is one before it. */
export function percent(ratio: number): string {
  const value = ratio * 100;
  return `${value.toFixed(value >= 10 || value === 0 ? 0 : 1)} %`;
}

/** What two layers with one purpose do not have alike. */
export function memberWords({ added, removed, changed, aspects }: MemberCounts): string {
  if (added + removed + changed === 0) return 'the same files, archived in another way (order or headers)';
  const what = Object.entries(aspects).flatMap(([aspect, count]) =>
    count === 0 ? [] : `${aspect} of ${count}`,
  );
  const details = what.length === 0 ? '' : ` (${what.join(', ')})`;
  const counts = [
    [added, 'added'],
    [removed, 'removed'],
    [changed, `changed${details}`],
  ] as const;
  return counts
    .filter(([count]) => count > 0)
    .map(([count, verb]) => `${count} ${verb}`)
    .join(', ');
}
