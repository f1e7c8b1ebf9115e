import { printSourceWindow } from './source-window.ts';
import type { SourceText, Span } from './span.ts';

/** One finding about a source text. Codes are stable kebab-case (errors) or rule names (warnings). */
export interface Diagnostic {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly source?: SourceText | undefined;
  readonly span?: Span | undefined;
  readonly notes?: readonly string[] | undefined;
  readonly help?: string | undefined;
  /** Where more is said about it. */
  readonly url?: string | undefined;
}

/**
 * Prints a diagnostic in the one style strata has: place, severity, message and code; the line before
 * and the marked lines with carets under the span; notes and help below. No colours, no trailing line end.
 * @param columns that lines of the source may take; the default suits logs
 */
export function printDiagnostic(diagnostic: Diagnostic, columns = 120): string {
  const { source, span } = diagnostic;
  const head = `${diagnostic.severity}: ${diagnostic.message} [${diagnostic.code}]`;
  const out: string[] = [];
  if (source !== undefined && span !== undefined) {
    const start = source.position(span.start);
    out.push(`${source.name}:${start.line}:${start.column}: ${head}`, '');
    out.push(...printSourceWindow(source, span, columns), '');
  } else {
    out.push(source === undefined ? head : `${source.name}: ${head}`);
  }
  for (const note of diagnostic.notes ?? []) out.push(`  note: ${note}`);
  if (diagnostic.help !== undefined) out.push(`  help: ${diagnostic.help}`);
  if (out.at(-1) === '') out.pop();
  return out.join('\n');
}
