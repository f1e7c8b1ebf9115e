import type { Diagnostic } from '../core/diagnostic.ts';
import { SourceText } from '../core/span.ts';
import type { Instruction } from './instruction.ts';
import { parseInstruction } from './parse-instruction.ts';
import { openLines } from './physical-lines.ts';
import { onbuildTrigger } from './problems.ts';
import { readStatements } from './read-statements.ts';
import { openReport } from './report.ts';
import { complain } from './statement.ts';

/** The instructions of an ONBUILD trigger as stored in an image (spec 3.17); its escape character is always `\`. */
export function parseTrigger(text: string): {
  readonly instructions: readonly Instruction[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const report = openReport(new SourceText('ONBUILD', text));
  const instructions: Instruction[] = [];
  for (const { statement, kind } of readStatements(openLines(text, 0), '\\', report)) {
    if (kind === 'from') complain(statement, onbuildTrigger('FROM'));
    const instruction = kind && kind !== 'from' ? parseInstruction(statement, kind) : undefined;
    if (instruction !== undefined) instructions.push(instruction);
  }
  return { instructions, diagnostics: report.diagnostics };
}
