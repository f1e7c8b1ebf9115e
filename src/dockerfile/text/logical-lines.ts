/**
 * Physical lines joined to logical ones (spec 1.2, 1.3, 1.9). A logical line knows where each of its
 * characters came from, so every token has a place in the file however often its line continues.
 */
import type { Span } from '../../core/source/span.ts';
import type { EscapeChar } from '../words/lex-state.ts';
import type { LineCursor, PhysicalLine } from './physical-lines.ts';
import { skipSpaces, trimEnd } from './whitespace.ts';

export interface LogicalLine {
  /** The joined text; leading blanks of the first line are gone, those of the others are kept. */
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** First to last physical line. */
  readonly span: Span;
  /** The comment lines above that belong to it, without `#` and outer blanks. */
  readonly comments: readonly string[];
  /** The last line, when a blank line stands inside the continuation. */
  readonly emptyContinuation: Span | undefined;
}

/** A run of the joined text and where it stands in the file. */
interface Piece {
  /** Offset into the joined text. */
  readonly at: number;
  /** Offset into the file. */
  readonly source: number;
}

/** The place in the file of the characters [start, end) of a logical line. */
export function locate(line: LogicalLine, start: number, end: number): Span {
  const first = sourceOffset(line, start);
  return { start: first, end: end > start ? sourceOffset(line, end - 1) + 1 : first };
}

function sourceOffset({ pieces, span }: LogicalLine, at: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle]?.at ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  const piece = pieces[low];
  return piece === undefined ? span.start : piece.source + at - piece.at;
}

/** Reads the next logical line, skipping blank lines and collecting comments; undefined at the end. */
export function readLogicalLine(lines: LineCursor, escapeChar: EscapeChar): LogicalLine | undefined {
  const { text } = lines;
  let comments: string[] = [];
  for (let line = lines.read(); line !== undefined; line = lines.read()) {
    const start = skipSpaces(text, line.start, line.end);
    if (start === line.end) continue;
    if (text.charAt(start) === '#') {
      const comment = text.slice(start + 1, line.end).trim();
      if (comment === '') comments = [];
      else comments.push(comment);
      continue;
    }
    return joinLines(lines, { ...line, start }, escapeChar, comments);
  }
  return undefined;
}

function joinLines(
  lines: LineCursor,
  first: PhysicalLine,
  escapeChar: EscapeChar,
  comments: readonly string[],
): LogicalLine {
  const pieces: Piece[] = [];
  let joined = '';
  let hasEmptyContinuation = false;
  let last = first;
  let line: PhysicalLine | undefined = first;
  while (line !== undefined) {
    last = line;
    const content = skipSpaces(lines.text, line.start, line.end);
    const isSkipped = line !== first && (content === line.end || lines.text.charAt(content) === '#');
    if (isSkipped) {
      if (content === line.end) hasEmptyContinuation = true;
    } else {
      const stop = continuationStart(lines.text, line, escapeChar);
      pieces.push({ at: joined.length, source: line.start });
      joined += lines.text.slice(line.start, stop ?? line.end);
      if (stop === undefined) break;
    }
    line = lines.read();
  }
  const emptyContinuation = hasEmptyContinuation ? { start: last.start, end: last.end } : undefined;
  return { text: joined, pieces, span: { start: first.start, end: last.end }, comments, emptyContinuation };
}

/** Offset of the escape character that makes the line continue. The rule looks back one character only. */
function continuationStart(text: string, line: PhysicalLine, escapeChar: EscapeChar): number | undefined {
  let at = line.end - 1;
  while (at > line.start && (text.charAt(at) === ' ' || text.charAt(at) === '\t')) at--;
  if (text.charAt(at) !== escapeChar) return undefined;
  return at > line.start && text.charAt(at - 1) === escapeChar ? undefined : at;
}

/** The text of a logical line without outer blanks, as [start, end). */
export function trimmedRange(line: LogicalLine): readonly [start: number, end: number] {
  const end = trimEnd(line.text, 0, line.text.length);
  return [skipSpaces(line.text, 0, end), end];
}
