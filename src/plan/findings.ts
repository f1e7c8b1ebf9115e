import { DockerfileError } from '../core/errors.ts';
import type { Diagnostic } from '../core/source/diagnostic.ts';
import type { SourceText, Span } from '../core/source/span.ts';
import type { PlanRequest } from './plan.ts';

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
  /** Keeps an error, unless it was told before or is the consequence of one that was. */
  error(finding: Finding): void;
  warn(finding: Finding): void;
  warnings(): readonly Diagnostic[];
  /** In the order of the text; those over the limit are left out. */
  errors(): readonly Diagnostic[];
  /** @throws DockerfileError when there is an error */
  throwIfAny(): void;
}

/**
 * Collects what planning finds.
 * @param problems what was found before; at their places nothing more is told
 */
export function collectFindings({ dockerfile, problems = [], maxDiagnostics }: PlanRequest): Findings {
  const { source } = dockerfile;
  const found = new Map<string, Diagnostic>();
  const warnings: Diagnostic[] = [];
  const errors = () => inOrder([...problems, ...found.values()], source).slice(0, maxDiagnostics);
  return {
    source,
    error: (finding) => {
      if (problems.some((problem) => problem.source === source && covers(problem, finding))) return;
      found.set(keyOf(finding), { ...finding, severity: 'error', source });
    },
    warn: (finding) => warnings.push({ ...finding, severity: 'warning', source }),
    warnings: () => warnings,
    errors,
    throwIfAny: () => {
      if (problems.length + found.size > 0) throw new DockerfileError(errors());
    },
  };
}

function covers({ span: outer }: Diagnostic, { span: inner }: Finding): boolean {
  if (outer === undefined || inner === undefined) return false;
  return outer.start <= inner.start && inner.end <= outer.end;
}

function keyOf({ code, message, span, notes }: Finding): string {
  return JSON.stringify([code, message, span?.start, span?.end, notes]);
}

/** Errors of several readings of a Dockerfile and its ignore files, each once, in order. */
export function mergeErrors(
  diagnostics: readonly Diagnostic[],
  dockerfile: SourceText | undefined,
): readonly Diagnostic[] {
  const byKey = new Map(diagnostics.map((each) => [`${each.source?.name} ${keyOf(each)}`, each]));
  return inOrder([...byKey.values()], dockerfile);
}

/** File by file, the Dockerfile first, if there is one; each in the order of its text, whoever found what first. */
export function inOrder(
  diagnostics: readonly Diagnostic[],
  dockerfile: SourceText | undefined,
): readonly Diagnostic[] {
  const files = [...new Set([dockerfile, ...diagnostics.map(({ source }) => source)])];
  return files.flatMap((source) => diagnostics.filter((each) => each.source === source).sort(byPlace));
}

/** In the order of one text. */
export function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.span?.start ?? -1) - (b.span?.start ?? -1);
}

/** `did you mean "x"?` for a `help` line. */
export function didYouMean(candidate: string | undefined): string | undefined {
  return candidate === undefined ? undefined : `did you mean "${candidate}"?`;
}
