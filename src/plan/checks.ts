import type { Diagnostic } from '../core/diagnostic.ts';
import { DockerfileError } from '../core/errors.ts';
import { lintDockerfile } from '../dockerfile/lint/lint-dockerfile.ts';
import { checkOptionsOf, type Linter, openLinter, violationOf } from '../dockerfile/lint/linter.ts';
import { byPlace, type Findings } from './findings.ts';
import type { PlanRequest } from './plan.ts';

/** The build checks of one plan (spec 6): what reading the file found and what evaluating its stages finds. */
export interface Checks {
  readonly linter: Linter;
  /**
   * All warnings in the order of the file, once every stage was read.
   * @throws DockerfileError `lint-violation`, the warnings behind it, when the options make them errors
   */
  finish(): readonly Diagnostic[];
}

export function openChecks({ dockerfile, buildArgs }: PlanRequest, findings: Findings): Checks {
  const { options, problem } = checkOptionsOf(dockerfile, buildArgs.get('BUILDKIT_DOCKERFILE_CHECK'));
  if (problem !== undefined) findings.error(problem);
  const linter = openLinter(dockerfile.source, options);
  return {
    linter,
    finish() {
      const warnings = [...lintDockerfile(dockerfile, options), ...linter.warnings].sort(byPlace);
      const violation = violationOf(warnings, options);
      if (violation !== undefined) throw new DockerfileError([violation, ...warnings]);
      return warnings;
    },
  };
}
