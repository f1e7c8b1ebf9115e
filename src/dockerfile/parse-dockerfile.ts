/** Dockerfile text to stages (spec 1): never throws, and goes on at the next line after an error. */
import type { Diagnostic } from '../core/diagnostic.ts';
import type { SourceText } from '../core/span.ts';
import type { ArgInstruction, Dockerfile, FromInstruction, Instruction, Stage } from './instruction.ts';
import { parseInstruction } from './parse/parse-instruction.ts';
import {
  fileEmpty,
  foreignFrontend,
  lineTooLong,
  noBuildStage,
  noInstructions,
  noStages,
  notUtf8,
} from './problems.ts';
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
  const statements = readStatements(openLines(text, end), directives.escape, report);
  const { globalArgs, stages, isEmpty } = collectStages(statements);
  if (report.diagnostics.length === 0 && stages.length === 0)
    report.error(isEmpty ? noInstructions() : noStages(), { start: text.length, end: text.length });
  const dockerfile = stages.length === 0 ? undefined : { source, directives, globalArgs, stages };
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

interface Collected {
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** No instruction at all was seen. */
  readonly isEmpty: boolean;
}

function collectStages(statements: Iterable<ReadStatement>): Collected {
  const globalArgs: ArgInstruction[] = [];
  const stages: (Stage & { readonly body: Exclude<Instruction, FromInstruction>[] })[] = [];
  let isEmpty = true;
  let hasFrom = false;
  let isTold = false;
  for (const { statement, kind } of statements) {
    isEmpty = false;
    if (kind === undefined) continue;
    const instruction = parseInstruction(statement, kind);
    if (kind === 'from') hasFrom = true;
    else if (kind !== 'arg' && !hasFrom && !isTold) {
      isTold = true;
      complain(statement, noBuildStage(nameOf(statement)));
    }
    if (instruction === undefined) continue;
    if (instruction.kind === 'from') {
      const { name } = instruction;
      stages.push({
        index: stages.length,
        ...(name === undefined ? {} : { name }),
        from: instruction,
        body: [],
      });
    } else if (hasFrom) stages.at(-1)?.body.push(instruction);
    else if (instruction.kind === 'arg') globalArgs.push(instruction);
  }
  return { globalArgs, stages, isEmpty };
}
