import { fitColumns } from '../../progress/text/fit-columns.ts';
import { harmlessText } from '../../progress/text/harmless-text.ts';
import type { CliIO } from '../io.ts';
import { forbidsColors, isTerminal } from '../terminal.ts';

/** How standard output is to look. */
export interface Look {
  /** Columns; undefined for as many as it takes. */
  readonly width: number | undefined;
  readonly usesColors: boolean;
}

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

const codes: Readonly<Record<Paint, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** Lines fit a terminal, or `COLUMNS` where that is set; what goes to a file or a pipe is not cut. */
export function lookOf({ stdout, env }: CliIO): Look {
  const isPerson = isTerminal(stdout);
  const own = 'columns' in stdout && typeof stdout.columns === 'number' ? stdout.columns : undefined;
  const given = Number(env.COLUMNS);
  const width = isPerson ? (own ?? 80) : Number.isSafeInteger(given) && given > 0 ? given : undefined;
  return { width, usesColors: isPerson && !forbidsColors(env) };
}

/** The text as it is where colours are not wanted. */
export function paint(look: Look, color: Paint, text: string): string {
  return look.usesColors && text !== '' ? `\x1b[${codes[color]}m${text}\x1b[0m` : text;
}

/** Text of strangers in one line: white space is one blank, control characters and those that turn text around are harmless. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return harmlessText(line, false).replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** Cuts plain text so that it ends at the right edge. @param used columns before it */
export function cut(look: Look, text: string, used = 0): string {
  if (look.width === undefined) return text;
  return fitColumns(text, Math.max(leastRoom, look.width - used)).trimEnd();
}

/** Fewer columns hold no text that can be read: lines are then longer than the terminal is wide. */
const leastRoom = 10;

/**
 * Breaks plain text at blanks so that each line fits behind `indent` columns; further lines hang two columns deeper.
 * A word that is longer than a line is broken where the line ends.
 */
export function wrap(look: Look, text: string, indent: number): string[] {
  const margin = ' '.repeat(indent);
  if (look.width === undefined) return [margin + text];
  const room = Math.max(leastRoom, look.width - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= room) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = lines.length === 0 ? word : `  ${word}`;
    while (line.length > room) {
      // Not within a character that is a pair of units.
      const end = /[\ud800-\udbff]/.test(line[room - 1] ?? '') ? room - 1 : room;
      lines.push(line.slice(0, end));
      line = `  ${line.slice(end)}`;
    }
  }
  return [...lines, line].map((each) => margin + each);
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/**
 * Rows beneath their titles, two blanks between columns; the last column is cut to the width.
 * @returns the lines, the titles first
 */
export function tableLines(
  look: Look,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  return all.map((row) => {
    const cells = columns.map(({ align }, index) => {
      const cell = row[index] ?? '';
      if (index === columns.length - 1 && align === undefined) return cut(look, cell, before);
      return align === 'right' ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0);
    });
    return cells.join('  ').trimEnd();
  });
}

/** A column that a narrow terminal may go without. */
export interface FittingColumn extends Column {
  /** The lowest goes first; columns without one stay. */
  readonly goes?: number;
}

/** A table without the columns that the width has no room for, which leaves the last column `least` at least. */
export function fittingTable(
  look: Look,
  columns: readonly FittingColumn[],
  rows: readonly (readonly string[])[],
  least = 0,
): string[] {
  const order = columns.flatMap(({ goes }) => goes ?? []).sort((a, b) => a - b);
  let shown = columns.map((_, index) => index);
  const pick = <T>(cells: readonly T[]) => shown.flatMap((index) => cells[index] ?? []);
  const lines = (own: Look) => tableLines(own, pick(columns), rows.map(pick));
  const isWide = ({ width }: Look) => {
    if (width === undefined) return false;
    const last = shown.at(-1) ?? 0;
    const brief = rows.map((row) => row.map((cell, index) => (index === last ? cell.slice(0, least) : cell)));
    const all = tableLines({ ...look, width: undefined }, pick(columns), brief.map(pick));
    return Math.max(...all.map((line) => line.length)) > width;
  };
  for (const goes of order) {
    if (!isWide(look)) break;
    shown = shown.filter((index) => columns[index]?.goes !== goes);
  }
  return lines(look);
}
