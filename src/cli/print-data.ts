/** Data for programs: two-space indentation, a line end at the end. */
export function printJSON(value: unknown): string {
  return `${encodeData(value, 2)}\n`;
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
