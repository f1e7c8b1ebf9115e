/** The instructions of a file one by one, split but not yet typed, with the heredoc bodies they own (spec 1.2, 1.8). */
import { suggest } from '../../core/suggest.ts';
import type { Heredoc } from '../instruction.ts';
import { parseJsonArray } from '../parse/json-array.ts';
import { instructionNames, keywordOf } from '../parse/parse-instruction.ts';
import { unterminatedHeredoc } from '../problems/arguments.ts';
import { unknownInstruction } from '../problems/instructions.ts';
import { openReport, type Report } from '../report.ts';
import type { Keyword, Statement } from '../statement.ts';
import type { EscapeChar } from '../words/lex-state.ts';
import { findHeredocs, type HeredocMark } from './heredoc.ts';
import { type LogicalLine, locate, readLogicalLine, trimmedRange } from './logical-lines.ts';
import type { LineCursor } from './physical-lines.ts';
import { type SplitLine, splitInstruction } from './split.ts';

export interface ReadStatement {
  readonly statement: Statement;
  /** Of an unknown instruction, which was reported, the one that is nearly spelled so; undefined if there is none. */
  readonly kind: Keyword | undefined;
}

/** The statements of a file in order, heredocs with them; a keyword nobody knows is reported. */
export function* readStatements(
  lines: LineCursor,
  escapeChar: EscapeChar,
  report: Report,
): Generator<ReadStatement> {
  for (;;) {
    const line = readLogicalLine(lines, escapeChar);
    if (line === undefined) return;
    const [from, to] = trimmedRange(line);
    const split = splitInstruction(line.text, from, to, escapeChar);
    const known = keywordOf(split.keyword.text);
    const nearest =
      known === undefined ? suggest(split.keyword.text.toUpperCase(), instructionNames) : undefined;
    if (known === undefined)
      report.error(
        unknownInstruction(split.keyword.text, nearest, instructionNames),
        locate(line, split.keyword.start, split.keyword.end),
      );
    // A misspelled RUN still owns its heredoc, a misspelled FROM begins a stage: else the lines below were errors too.
    const kind = known ?? (nearest === undefined ? undefined : keywordOf(nearest));
    const marks = ownsHeredocs(kind, split, escapeChar) ? findHeredocs(line.text) : [];
    const { heredocs, end } = readBodies(lines, line, marks, report);
    const span = { start: line.span.start, end };
    // What is wrong with a guess may be wrong with guessing.
    const own = known === undefined ? openReport(report.source) : report;
    yield { kind, statement: { line, ...split, escape: escapeChar, marks, heredocs, span, report: own } };
  }
}

const heredocOwners = new Set(['run', 'copy', 'add']);

/** RUN, COPY and ADD, alone or behind ONBUILD, but not in exec form (spec 1.8). */
function ownsHeredocs(kind: Keyword | undefined, split: SplitLine, escapeChar: EscapeChar): boolean {
  if (kind === 'onbuild') {
    const inner = splitInstruction(split.rest.text, 0, split.rest.text.length, escapeChar);
    return heredocOwners.has(inner.keyword.text.toLowerCase()) && !isExec(inner);
  }
  return kind !== undefined && heredocOwners.has(kind) && !isExec(split);
}

function isExec(split: SplitLine): boolean {
  return parseJsonArray(split.rest.text).kind !== 'none';
}

function readBodies(
  lines: LineCursor,
  line: LogicalLine,
  marks: readonly HeredocMark[],
  report: Report,
): { heredocs: Heredoc[]; end: number } {
  const heredocs: Heredoc[] = [];
  let { end } = line.span;
  for (const mark of marks) {
    const { name, fileDescriptor, stripTabs, quoted } = mark;
    const span = locate(line, mark.start, mark.end);
    const start = lines.offset;
    const body = readBody(lines, mark);
    if (body === undefined) {
      report.error(unterminatedHeredoc(name, terminatorHelp(lines.text, start, name)), span);
      return { heredocs, end: lines.text.length };
    }
    end = body.end;
    const bodySpan = { start, end: body.bodyEnd };
    heredocs.push({
      name,
      fileDescriptor,
      stripTabs,
      quoted,
      span,
      bodySpan,
      body: lines.text.slice(start, body.bodyEnd),
    });
  }
  return { heredocs, end };
}

/** Reads up to the terminator; undefined when the file ends first. */
function readBody(
  lines: LineCursor,
  { name, stripTabs }: HeredocMark,
): { bodyEnd: number; end: number } | undefined {
  for (let line = lines.read(); line !== undefined; line = lines.read()) {
    const written = lines.text.slice(line.start, line.end);
    if ((stripTabs ? written.replace(/^\t+/, '') : written) === name)
      return { bodyEnd: line.start, end: line.end };
  }
  return undefined;
}

function terminatorHelp(text: string, start: number, name: string): string {
  const rest = text.slice(start).split('\n');
  if (rest.some((line) => line.trim() === name))
    return `the line that is to end it must hold "${name}" alone, without blanks around it (<<- allows leading tabs)`;
  if (/^[A-Za-z0-9_]+$/.test(name)) return `end the body with a line that holds "${name}" alone`;
  return 'if no heredoc is meant, write << without a blank before it, or in quotes';
}
