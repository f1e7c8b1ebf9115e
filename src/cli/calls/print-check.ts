import type { CheckReport } from '../../build/calls/check.ts';
import { type Diagnostic, printDiagnostic } from '../../core/source/diagnostic.ts';
import type { SourceText } from '../../core/source/span.ts';
import { lintRules } from '../../dockerfile/lint/rules.ts';
import { inOrder } from '../../plan/findings.ts';
import { cleanText } from '../print/clean-text.ts';
import { printJSON } from '../print/print-data.ts';
import { locationOf } from './location.ts';

/** Everything that was found, in the order in which a build tells its errors; nothing when nothing was. */
export function printCheck({ errors, warnings, violation }: CheckReport, usesColors: boolean): string {
  // Warnings are the Dockerfile's alone.
  const found = inOrder([...errors, ...warnings], warnings[0]?.source);
  return [...found, ...(violation === undefined ? [] : [violation])]
    .map((diagnostic) => `${cleanText(printDiagnostic(diagnostic), usesColors)}\n`)
    .join('\n');
}

/** For standard error: how many, and what was not looked at. */
export function printSummary({ errors, warnings, unknownBases }: CheckReport): string {
  const counts = [count(errors, 'error'), count(warnings, 'warning')].filter((text) => text !== '');
  const found = counts.length === 0 ? 'no warnings found' : `${counts.join(' and ')} found`;
  const note =
    unknownBases.length === 0
      ? ''
      : `note: not in the local store, so checked without what they set: ${unknownBases.join(', ')}\n`;
  return cleanText(`${note}Check complete, ${found}.\n`, false);
}

function count({ length }: readonly Diagnostic[], word: string): string {
  if (length === 0) return '';
  return length === 1 ? `1 ${word}` : `${length} ${word}s`;
}

/** The members of buildx's JSON, places with columns; `errors` and `unknownBases` are strata's (docs/CHECKS.md). */
export function printCheckJSON({ errors, warnings, violation, unknownBases }: CheckReport): string {
  const sources: SourceText[] = [];
  const place = ({ source, span }: Diagnostic) => {
    if (source === undefined) return undefined;
    if (!sources.includes(source)) sources.push(source);
    const sourceIndex = sources.indexOf(source);
    return span === undefined ? { sourceIndex, ranges: [] } : { sourceIndex, ...locationOf(source, span) };
  };
  const failures = violation === undefined ? errors : [...errors, violation];
  return printJSON({
    warnings: warnings.map((warning) => ({
      ruleName: warning.code,
      description: lintRules.find(({ name }) => name === warning.code)?.description,
      url: warning.url,
      detail: warning.message,
      help: warning.help,
      location: place(warning),
    })),
    errors: failures.map((error) => ({
      code: error.code,
      message: error.message,
      notes: error.notes,
      help: error.help,
      location: place(error),
    })),
    unknownBases,
    sources: sources.map(({ name }) => ({ filename: name })),
  });
}
