/**
 * The wildcard syntax that .dockerignore patterns and COPY sources share, as Go's `path/filepath.Match`
 * defines it: `*`, `?`, `[…]` and backslash escapes. What a token means is the business of those who
 * match (Dockerfile reference, 5.2 and 5.4): the two disagree about `**` and about `/`.
 */
export type WildcardToken =
  | { readonly kind: 'literal'; readonly char: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'run' }
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly CharRange[] };

type CharRange = readonly [low: string, high: string];

/** Whoever knows where the pattern stands makes it an error for people; the message names the pattern. */
export class PatternSyntaxError extends Error {}

/**
 * Reads a pattern into tokens, one per character of the pattern's text (code points, not bytes).
 * @throws PatternSyntaxError for an unclosed or empty class, a class with a bare `-`, a trailing backslash
 */
export function parseWildcards(pattern: string): WildcardToken[] {
  const chars = [...pattern];
  const tokens: WildcardToken[] = [];
  const malformed = (): Error => new PatternSyntaxError(`syntax error in pattern ${JSON.stringify(pattern)}`);
  let at = 0;

  /** A class member, escaped or not. */
  const member = (): string => {
    let char = chars[at++];
    if (char === undefined || char === '-' || char === ']') throw malformed();
    if (char === '\\') char = chars[at++];
    // A class has to go on after every member: with another one or with its end.
    if (char === undefined || at >= chars.length) throw malformed();
    return char;
  };

  while (at < chars.length) {
    const char = chars[at++] as string;
    if (char === '*') tokens.push({ kind: 'run' });
    else if (char === '?') tokens.push({ kind: 'one' });
    else if (char === '\\') {
      const escaped = chars[at++];
      if (escaped === undefined) throw malformed();
      tokens.push({ kind: 'literal', char: escaped });
    } else if (char === '[') {
      const isNegated = chars[at] === '^';
      if (isNegated) at++;
      const ranges: CharRange[] = [];
      while (ranges.length === 0 || chars[at] !== ']') {
        const low = member();
        if (chars[at] !== '-') {
          ranges.push([low, low]);
          continue;
        }
        at++;
        ranges.push([low, member()]);
      }
      at++;
      tokens.push({ kind: 'class', isNegated, ranges });
    } else tokens.push({ kind: 'literal', char });
  }
  return tokens;
}

/** A character of a pattern as itself in a regular expression with the `u` flag. */
export function literalSource(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

/** A class as a regular expression; a range that runs backwards holds nothing. */
export function classSource(token: WildcardToken & { kind: 'class' }): string {
  const escaped = (char: string): string => (/[\\\]^-]/.test(char) ? `\\${char}` : char);
  const forward = token.ranges.filter(([low, high]) => codePoint(low) <= codePoint(high));
  if (forward.length === 0) return token.isNegated ? '[^]' : '[]';
  const members = forward.map(([low, high]) => `${escaped(low)}-${escaped(high)}`);
  return `[${token.isNegated ? '^' : ''}${members.join('')}]`;
}

/** Whether a class matches a character. */
export function classHas(token: WildcardToken & { kind: 'class' }, char: string): boolean {
  const code = codePoint(char);
  const inside = token.ranges.some(([low, high]) => codePoint(low) <= code && code <= codePoint(high));
  return inside !== token.isNegated;
}

function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0;
}
