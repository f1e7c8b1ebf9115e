import type { Diagnostic } from '../../core/source/diagnostic.ts';
import type { SourceText, Span } from '../../core/source/span.ts';
import type { Dockerfile } from '../instruction.ts';
import { badCheckOption, lintViolation } from '../problems/file.ts';
import {
  type CheckOptions,
  defaultCheckOptions,
  parseCheckOptions,
  selects,
  withComments,
} from './check-options.ts';
import { type LintRuleName, lintRule, lintRuleUrl } from './rules.ts';

/** What a rule found, before anybody asked whether it is wanted. */
export interface LintFinding {
  readonly rule: LintRuleName;
  readonly message: string;
  readonly help?: string | undefined;
}

/** Turns findings into warnings, unless an option says no; each once per place, however often a stage is evaluated. */
export interface Linter {
  readonly warnings: readonly Diagnostic[];
  /**
   * @param comments those above the instruction, for rules that honour `# check=skip=` there
   */
  add(finding: LintFinding | undefined, span: Span, comments?: readonly string[]): void;
}

/** Collects warnings that are wanted: each once, and none that a comment at its line skips. */
export function openLinter(source: SourceText, options: CheckOptions): Linter {
  const warnings: Diagnostic[] = [];
  const seen = new Set<string>();
  return {
    warnings,
    add(finding, span, comments = []) {
      if (finding === undefined) return;
      const { rule, message, help } = finding;
      const key = `${rule} ${span.start} ${span.end} ${message}`;
      if (seen.has(key) || !isWanted(rule, withComments(options, comments))) return;
      seen.add(key);
      warnings.push({ code: rule, severity: 'warning', message, source, span, help, url: lintRuleUrl(rule) });
    },
  };
}

function isWanted(name: LintRuleName, options: CheckOptions): boolean {
  return lintRule(name)?.isExperimental ? selects(options.experimental, name) : !selects(options.skip, name);
}

/**
 * The options a file is checked with: those given from outside replace the `# check=` line completely.
 * @returns a diagnostic when they cannot be read
 */
export function checkOptionsOf(
  dockerfile: Dockerfile,
  override: string | undefined,
): { readonly options: CheckOptions; readonly problem?: Diagnostic } {
  const { source, directives } = dockerfile;
  const parsed = parseCheckOptions(override ?? directives.check?.raw ?? '');
  if (parsed.ok) return { options: parsed.options };
  const span = override === undefined ? directives.check?.span : undefined;
  const problem = { ...badCheckOption(parsed.message), severity: 'error' as const, source, span };
  return { options: defaultCheckOptions, problem };
}

/** With `error=true`, the error that all the warnings together are. */
export function violationOf(warnings: readonly Diagnostic[], options: CheckOptions): Diagnostic | undefined {
  if (!options.isError || warnings.length === 0) return undefined;
  const rules = [...new Set(warnings.map(({ code }) => code))].sort();
  return { ...lintViolation(rules), severity: 'error', source: warnings[0]?.source };
}
