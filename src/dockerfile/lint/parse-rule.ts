import type { Span } from '../../core/source/span.ts';
import type { Dockerfile } from '../instruction.ts';
import type { LintRuleName } from './rules.ts';

/** A place where a rule is broken. */
export interface LintHit {
  readonly message: string;
  readonly span: Span;
  readonly help?: string | undefined;
  /** Of the instruction: given by rules that a `# check=skip=` above it can switch off. */
  readonly comments?: readonly string[];
}

/** A rule that needs the file only. */
export interface ParseRule {
  readonly name: LintRuleName;
  find(dockerfile: Dockerfile): Iterable<LintHit>;
}
