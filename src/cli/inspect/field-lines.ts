import { cut, type Look, oneLine, paint } from './look.ts';

export type Field = readonly [name: string, value: string | undefined];

const nameWidth = 11;

/** Names and values below each other; what has no value is left out, a name that comes again is not repeated. */
export function fieldLines(look: Look, fields: readonly Field[]): string[] {
  const lines: string[] = [];
  let last = '';
  for (const [name, value] of fields) {
    if (value === undefined || value === '') continue;
    const label = name === last ? '' : name;
    last = name;
    lines.push(
      `  ${paint(look, 'dim', label.padEnd(nameWidth))} ${cut(look, oneLine(value), nameWidth + 3)}`,
    );
  }
  return lines;
}
