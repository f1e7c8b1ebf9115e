/** Dockerfile text to stages (spec 1): never throws, and goes on at the next line after an error. */
import type { Diagnostic } from '../core/source/diagnostic.ts';
import type { SourceText } from '../core/source/span.ts';
import type { ArgInstruction, Dockerfile, FromInstruction, Gap, Instruction, Stage } from './instruction.ts';
import { parseInstruction } from './parse/parse-instruction.ts';
import {
  fileEmpty,
  foreignFrontend,
  lineTooLong,
  noInstructions,
  noStages,
  notUtf8,
} from './problems/file.ts';
import { noBuildStage } from './problems/instructions.ts';
import { openReport, type Report } from './report.ts';
import { complain, nameOf } from './statement.ts';
import { foreignSyntax, readDirectives } from './text/directives.ts';
import { openLines, physicalLineAt } from './text/physical-lines.ts';
import { type ReadStatement, readStatements } from './text/read-statements.ts';

export interface ParsedDockerfile {
  /** What could be read, with the broken instructions left out; undefined when there is no stage. */
  readonly dockerfile: Dockerfile | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Parses a Dockerfile (spec 1). Never throws: what is right around a mistake is still there, and after twenty errors no
 * more are told.
 */
export function parseDockerfile(source: SourceText): ParsedDockerfile {
  const { text } = source;
  const report = openReport(source);
  const start = { start: 0, end: 0 };
  const foreign = foreignSyntax(text);
  if (foreign !== undefined) report.error(foreignFrontend(foreign.raw), foreign.span);
  else if (text === '') report.error(fileEmpty(), start);
  else if (looksLikeUtf16(text)) report.error(notUtf8(), start);
  if (report.diagnostics.length > 0) return { dockerfile: undefined, diagnostics: report.diagnostics };

  checkLineLengths(text, report);
  const { directives, end } = readDirectives(text, report);
  // Where lines go on is then anybody's guess.
  if (directives === undefined) return { dockerfile: undefined, diagnostics: report.diagnostics };
  const statements = readStatements(openLines(text, end), directives.escape, report);
  const { isEmpty, ...collected } = collectStages(statements, report);
  const hasStages = collected.stages.length > 0;
  if (report.count === 0 && !hasStages)
    report.error(isEmpty ? noInstructions() : noStages(), { start: text.length, end: text.length });
  const dockerfile = hasStages ? { source, directives, ...collected } : undefined;
  return { dockerfile, diagnostics: report.diagnostics };
}

/** Every other byte of ASCII in UTF-16 is NUL, in a byte order or the other. */
function looksLikeUtf16(text: string): boolean {
  const start = text.replace(/^\ufffd+/, '').slice(0, 8);
  return (
    start.length === 8 &&
    [0, 1].some((odd) => [...start].every((char, i) => (char === '\0') === (i % 2 === odd)))
  );
}

const maxLineBytes = 65_535;

function checkLineLengths(text: string, report: Report): void {
  for (let offset = 0; offset < text.length; ) {
    const { start, next } = physicalLineAt(text, offset);
    const end = text.charAt(next - 1) === '\n' ? next - 1 : next;
    offset = next;
    // No character takes more than three bytes per UTF-16 unit: most lines need no counting.
    if ((end - start) * 3 <= maxLineBytes) continue;
    const bytes = Buffer.byteLength(text.slice(start, end), 'utf8');
    if (bytes > maxLineBytes) report.error(lineTooLong(bytes), { start, end });
  }
}

type Collected = Pick<Dockerfile, 'globalArgs' | 'stages' | 'mayLackArgs' | 'mayLackStages'> & {
  /** No instruction at all was seen. */
  readonly isEmpty: boolean;
};

function collectStages(statements: Iterable<ReadStatement>, report: Report): Collected {
  const globalArgs: ArgInstruction[] = [];
  const stages: OpenStage[] = [];
  let isEmpty = true;
  let isTold = false;
  let mayLackArgs = false;
  let mayLackStages = false;
  let before = report.count;
  for (const { statement, kind } of statements) {
    isEmpty = false;
    const instruction = kind && parseInstruction(statement, kind);
    const isWhole = report.count === before && instruction !== undefined;
    before = report.count;
    const stage = stages.at(-1);
    if (instruction?.kind === 'from') {
      stages.push(openStage(instruction, stages.length));
      if (!isWhole && instruction.name === undefined) mayLackStages = true;
    } else if (stage !== undefined) {
      if (instruction !== undefined) stage.body.push(instruction);
      if (!isWhole) stage.gaps.push({ start: statement.span.start, kind });
    } else if (kind === undefined || kind === 'arg') {
      if (instruction?.kind === 'arg') globalArgs.push(instruction);
      if (!isWhole) mayLackArgs = true;
    } else if (!isTold) {
      isTold = true;
      complain(statement, noBuildStage(nameOf(statement)));
      before = report.count;
    }
    // A heredoc without an end takes the rest of the file.
    if (statement.heredocs.length < statement.marks.length) mayLackStages = true;
  }
  return { globalArgs, stages, mayLackArgs, mayLackStages, isEmpty };
}

type OpenStage = Stage & { readonly body: Exclude<Instruction, FromInstruction>[]; readonly gaps: Gap[] };

function openStage(from: FromInstruction, index: number): OpenStage {
  const { name } = from;
  return { index, ...(name === undefined ? {} : { name }), from, body: [], gaps: [] };
}
