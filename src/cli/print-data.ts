import { UsageError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';

const formats = ['table', 'json'] as const;
export type DataFormat = (typeof formats)[number];

/** Reads `--format`, or `--json` for short. @throws UsageError `bad-flag-value` */
export function dataFormat(flags: { readonly format?: string; readonly json?: boolean }): DataFormat {
  if (flags.json === true) return 'json';
  if (flags.format === undefined) return 'table';
  const { format } = flags;
  const found = formats.find((candidate) => candidate === format);
  if (found !== undefined) return found;
  const near = suggest(format, formats);
  throw new UsageError('bad-flag-value', `--format ${format}: unknown format`, {
    hint: near === undefined ? `the formats are ${formats.join(' and ')}` : `did you mean ${near}?`,
  });
}

/** Data for programs: two-space indentation, a line end at the end. */
export function printJSON(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
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
