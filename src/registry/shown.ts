/** What a message may show of servers: no secrets of an address, no control characters of their words. */

/** Without user, password and query: signed URLs carry secrets there. */
export function redactURL(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

const longestWords = 500;

/** Text of a stranger: no control characters, no novels. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  const clean = text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ');
  return clean.length > longestWords ? `${clean.slice(0, longestWords)}…` : clean;
}

/** Roughly: `45 s`, `10 min`, `6 h`. */
export function printSpan(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
