import type { Diagnostic } from '../core/source/diagnostic.ts';
import { lintDockerfile } from '../dockerfile/lint/lint-dockerfile.ts';
import { checkOptionsOf, type Linter, openLinter, violationOf } from '../dockerfile/lint/linter.ts';
import { byPlace, type Findings } from './findings.ts';
import type { PlanRequest } from './plan.ts';

/** The build checks of one plan (spec 6): what reading the file found and what evaluating its stages finds. */
export interface Checks {
  readonly linter: Linter;
  /** All warnings in the order of the file, once every stage was read. */
  finish(): CheckOutcome;
}

export interface CheckOutcome {
  readonly warnings: readonly Diagnostic[];
  /** `lint-violation`: the error that the warnings are together, when the options say so. */
  readonly violation?: Diagnostic | undefined;
}

/** The build checks of a plan, as its `# check=` line and the build argument of that purpose choose them. */
export function openChecks({ dockerfile, buildArgs }: PlanRequest, findings: Findings): Checks {
  const { options, problem } = checkOptionsOf(dockerfile, buildArgs.get('BUILDKIT_DOCKERFILE_CHECK'));
  if (problem !== undefined) findings.error(problem);
  const linter = openLinter(dockerfile.source, options);
  return {
    linter,
    finish() {
      const warnings = [...lintDockerfile(dockerfile, options), ...linter.warnings].sort(byPlace);
      return { warnings, violation: violationOf(warnings, options) };
    },
  };
}
