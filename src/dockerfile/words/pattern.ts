/**
 * Patterns of `${v#p}`, `${v%p}` and `${v/p/r}` (spec 2.3): `*` is any run, `?` one character, `[` is
 * ordinary. Matching is by segments between the stars, so no pattern makes it slow.
 */

/** One character of a pattern; undefined stands for `?`. */
type Item = string | undefined;
/** The runs between stars; always at least one, possibly empty. */
export type Pattern = readonly (readonly Item[])[];

/** Reads a pattern. Escapes are always `\`, whatever the escape directive says. */
export function parsePattern(text: string): { pattern: Pattern } | { message: string } {
  const segments: Item[][] = [[]];
  const chars = [...text];
  for (let i = 0; i < chars.length; i++) {
    const last = segments.at(-1);
    const char = chars[i];
    if (char === '*') segments.push([]);
    else if (char === '?') last?.push(undefined);
    else if (char === '\\') {
      const next = chars[++i];
      if (next === undefined || !'*?\\}/'.includes(next))
        return { message: `invalid escape '\\${next ?? ''}'` };
      last?.push(next);
    } else last?.push(char);
  }
  return { pattern: segments };
}

/** `${x#p}`, and where `longest` is wanted `${x##p}`. */
export function removePrefix(value: string, pattern: Pattern, longest: boolean): string {
  const chars = [...value];
  const end = matchAt(chars, pattern, 0, longest).end;
  return end < 0 ? value : chars.slice(end).join('');
}

/** `${x%p}`, and where `longest` is wanted `${x%%p}`. */
export function removeSuffix(value: string, pattern: Pattern, longest: boolean): string {
  const mirrored = pattern.map((segment) => segment.toReversed()).reverse();
  const chars = [...value].reverse();
  const end = matchAt(chars, mirrored, 0, longest).end;
  return end < 0 ? value : chars.slice(end).reverse().join('');
}

/** Replaces the first match or all of them; matches are leftmost and longest, an empty one may follow none. */
export function replaceMatches(value: string, pattern: Pattern, replacement: string, all: boolean): string {
  const chars = [...value];
  let out = '';
  let at = 0;
  let lastEnd = -1;
  while (at <= chars.length) {
    const match = matchAt(chars, pattern, at, true);
    const isRepeat = match.end === at && at === lastEnd;
    if (match.end >= 0 && !isRepeat) {
      out += replacement;
      lastEnd = match.end;
      if (match.end > at || !all) {
        at = match.end;
        if (!all) break;
        continue;
      }
    } else if (match.isHopeless) break;
    out += chars[at] ?? '';
    at++;
  }
  return out + chars.slice(at).join('');
}

/** `end` is -1 without a match; `isHopeless` when no later start can match either. */
interface Match {
  readonly end: number;
  readonly isHopeless: boolean;
}

function matchAt(chars: readonly string[], pattern: Pattern, start: number, longest: boolean): Match {
  const [first = [], ...rest] = pattern;
  if (!segmentFits(chars, first, start)) return { end: -1, isHopeless: false };
  let at = start + first.length;
  for (const [index, segment] of rest.entries()) {
    const isLast = index === rest.length - 1;
    const found = isLast && longest ? lastFit(chars, segment, at) : firstFit(chars, segment, at);
    if (found < 0) return { end: -1, isHopeless: true };
    at = found + segment.length;
  }
  return { end: at, isHopeless: false };
}

function firstFit(chars: readonly string[], segment: readonly Item[], from: number): number {
  for (let at = from; at + segment.length <= chars.length; at++)
    if (segmentFits(chars, segment, at)) return at;
  return -1;
}

function lastFit(chars: readonly string[], segment: readonly Item[], from: number): number {
  for (let at = chars.length - segment.length; at >= from; at--)
    if (segmentFits(chars, segment, at)) return at;
  return -1;
}

function segmentFits(chars: readonly string[], segment: readonly Item[], at: number): boolean {
  if (at + segment.length > chars.length) return false;
  return segment.every((item, i) => item === undefined || item === chars[at + i]);
}
