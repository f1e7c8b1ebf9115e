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
 */
export function printDiagnostic(diagnostic: Diagnostic): string {
  const { source, span } = diagnostic;
  const head = `${diagnostic.severity}: ${diagnostic.message} [${diagnostic.code}]`;
  const out: string[] = [];
  if (source !== undefined && span !== undefined) {
    const start = source.position(span.start);
    out.push(`${source.name}:${start.line}:${start.column}: ${head}`, '');
    out.push(...printSourceWindow(source, span), '');
  } else {
    out.push(source === undefined ? head : `${source.name}: ${head}`);
  }
  for (const note of diagnostic.notes ?? []) out.push(`  note: ${note}`);
  if (diagnostic.help !== undefined) out.push(`  help: ${diagnostic.help}`);
  if (out.at(-1) === '') out.pop();
  return out.join('\n');
}

const maxMarkedLines = 8;

/**
 * The lines a span covers, with one line before it. A span within one line gets carets under it, one
 * over several lines gets `>>>` before each.
 */
function printSourceWindow(source: SourceText, span: Span): string[] {
  const start = source.position(span.start);
  const end = source.position(Math.max(span.start, span.end - 1));
  const last = Math.min(end.line, start.line + maxMarkedLines - 1);
  const width = Math.max(4, String(last).length + 1);
  const marked = end.line > start.line;
  const out: string[] = [];
  for (let number = Math.max(1, start.line - 1); number <= last; number++) {
    const flag = marked && number >= start.line ? '>>>' : '   ';
    out.push(
      `${flag}${String(number).padStart(width - 1)} | ${visible(source.line(number) ?? '')}`.trimEnd(),
    );
  }
  if (last < end.line) out.push(`${' '.repeat(width + 2)} | … ${end.line - last} more lines`);
  if (!marked) {
    const text = source.line(start.line) ?? '';
    const indent = visible(text.slice(0, start.column - 1)).length;
    const length = Math.max(1, visible(text.slice(start.column - 1, end.column)).length);
    out.push(`${' '.repeat(width + 2)} | ${' '.repeat(indent)}^${'~'.repeat(length - 1)}`);
  }
  return out;
}

/** Control characters from strangers must not reach a terminal; a tab becomes one blank. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  return text.replace(/\t/g, ' ').replace(/[\x00-\x1f\x7f-\x9f]/g, '\u{fffd}');
}
