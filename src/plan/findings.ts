import type { Diagnostic } from '../core/diagnostic.ts';
import { DockerfileError } from '../core/errors.ts';
import type { SourceText, Span } from '../core/span.ts';

/** One finding without what all of them share. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly span?: Span | undefined;
  readonly notes?: readonly string[] | undefined;
  readonly help?: string | undefined;
}

/** Collects what is wrong with one Dockerfile, so that a person sees as much as possible at once. */
export interface Findings {
  readonly source: SourceText;
  error(finding: Finding): void;
  warn(finding: Finding): void;
  warnings(): readonly Diagnostic[];
  /** @throws DockerfileError when there is an error */
  throwIfAny(): void;
}

/** Collects what planning finds; errors over `maxErrors` are left out. */
export function collectFindings(source: SourceText, maxErrors: number): Findings {
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  return {
    source,
    error: (finding) => {
      if (errors.length < maxErrors) errors.push({ ...finding, severity: 'error', source });
    },
    warn: (finding) => warnings.push({ ...finding, severity: 'warning', source }),
    warnings: () => warnings,
    throwIfAny: () => {
      if (errors.length > 0) throw new DockerfileError(errors.sort(byPlace));
    },
  };
}

/** In the order of the text, whoever found what first. */
export function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.span?.start ?? -1) - (b.span?.start ?? -1);
}

/** `did you mean "x"?` for a `help` line. */
export function didYouMean(candidate: string | undefined): string | undefined {
  return candidate === undefined ? undefined : `did you mean "${candidate}"?`;
}
