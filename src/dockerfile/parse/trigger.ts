import type { Diagnostic } from '../../core/source/diagnostic.ts';
import { SourceText } from '../../core/source/span.ts';
import type { Instruction } from '../instruction.ts';
import { onbuildTrigger } from '../problems/instructions.ts';
import { openReport } from '../report.ts';
import { complain } from '../statement.ts';
import { openLines } from '../text/physical-lines.ts';
import { readStatements } from '../text/read-statements.ts';
import { parseInstruction } from './parse-instruction.ts';

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
