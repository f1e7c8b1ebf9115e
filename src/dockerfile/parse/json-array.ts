/** Exec form (spec 1.7): one JSON array of strings, or else it is not exec form at all. */

/** A string of the array; offsets into the text, quotes included. */
interface JsonString {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export type JsonArray =
  /** Not a JSON array: the text means something else. */
  | { readonly kind: 'none' }
  | { readonly kind: 'strings'; readonly items: readonly JsonString[] }
  /** A JSON array, but an element is not a string: an error. */
  | { readonly kind: 'mixed' };

/** Reads text without blanks before it; what is no JSON array at all is no error here. */
export function parseJsonArray(text: string): JsonArray {
  if (!text.startsWith('[')) return { kind: 'none' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: 'none' };
  }
  if (!Array.isArray(parsed)) return { kind: 'none' };
  if (!parsed.every((element) => typeof element === 'string')) return { kind: 'mixed' };
  const places = text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"/g);
  const items = parsed.map((value: string) => {
    const place = places.next().value;
    const start = place?.index ?? 0;
    return { value, start, end: start + (place?.[0].length ?? 0) };
  });
  return { kind: 'strings', items };
}
