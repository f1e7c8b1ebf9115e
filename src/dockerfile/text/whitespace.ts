/**
 * What counts as a blank. The language uses two notions: any Unicode space (around lines, words with quotes)
 * and a few ASCII ones (between instruction name and arguments). JavaScript's `\s` is neither.
 */
const unicodeSpace = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Between the words of a list: blank, tab, vertical tab, form feed, carriage return. */
export const asciiBlanks = /[\t\v\f\r ]+/g;

/** The wider of the two notions. */
export function isSpace(char: string): boolean {
  const code = char.charCodeAt(0);
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return unicodeSpace.test(char);
}

/** The narrower one. */
export function isAsciiBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\v' || char === '\f' || char === '\r';
}

/** The first offset in [start, end) that holds no space, else `end`. */
export function skipSpaces(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text.charAt(at))) at++;
  return at;
}

/** The end of [start, end) without its trailing spaces. */
export function trimEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(text.charAt(at - 1))) at--;
  return at;
}
