/** Data for programs: two-space indentation, a line end at the end. */
export function printJSON(value: unknown): string {
  return `${encodeData(value, 2)}\n`;
}

/** As `printJSON`, in pieces: a member that is iterable and no array is read while it is printed. */
export function* printJSONPieces(value: object): Generator<string, void, undefined> {
  yield* encodePieces(value, '');
  yield '\n';
}

function* encodePieces(value: unknown, margin: string): Generator<string, void, undefined> {
  const inner = `${margin}  `;
  let count = 0;
  if (isStreamed(value)) {
    for (const item of value) {
      yield `${count++ === 0 ? '[' : ','}\n${inner}`;
      yield* encodePieces(item, inner);
    }
    yield count === 0 ? '[]' : `\n${margin}]`;
  } else if (typeof value === 'object' && value !== null && Object.values(value).some(holdsStreamed)) {
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue;
      yield `${count++ === 0 ? '{' : ','}\n${inner}${encodeData(key)}: `;
      yield* encodePieces(member, inner);
    }
    yield `\n${margin}}`;
  } else yield encodeData(value, 2).replaceAll('\n', `\n${margin}`);
}

function isStreamed(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value && !Array.isArray(value);
}

/** Not within arrays. */
function holdsStreamed(value: unknown): boolean {
  if (isStreamed(value)) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).some(holdsStreamed);
}

/** Control characters that JSON lets pass, and those that turn text around on a terminal. */
const risky = /[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** JSON that may quote strangers and may come out on a terminal: what could act there is written as `\u…`. */
export function encodeData(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    risky,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Data for people: columns as wide as their widest cell, two blanks between them. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
