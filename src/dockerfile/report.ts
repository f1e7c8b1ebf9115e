import type { Diagnostic } from '../core/source/diagnostic.ts';
import type { SourceText, Span } from '../core/source/span.ts';

/** What is wrong, without a place: the catalogue in `problems` makes these. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly notes?: readonly string[];
  readonly help?: string;
}

/** Collects the errors of one source text; after twenty it stops listening. */
export interface Report {
  readonly source: SourceText;
  readonly diagnostics: readonly Diagnostic[];
  /** How many errors there were, those it no longer listened to included. */
  readonly count: number;
  error(problem: Problem, span: Span): void;
}

const maxErrors = 20;

/** Collects errors of a file, twenty at most. */
export function openReport(source: SourceText): Report {
  const diagnostics: Diagnostic[] = [];
  let count = 0;
  return {
    source,
    diagnostics,
    get count() {
      return count;
    },
    error(problem, span) {
      count++;
      if (diagnostics.length < maxErrors) diagnostics.push({ ...problem, severity: 'error', source, span });
    },
  };
}
