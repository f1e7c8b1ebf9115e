import type { Diagnostic } from '../../core/source/diagnostic.ts';
import type { Dockerfile } from '../instruction.ts';
import type { CheckOptions } from './check-options.ts';
import { consistentInstructionCasing } from './consistent-instruction-casing.ts';
import { duplicateStageName } from './duplicate-stage-name.ts';
import { fromAsCasing } from './from-as-casing.ts';
import { fromPlatformFlagConstDisallowed, redundantTargetPlatform } from './from-platform.ts';
import { invalidDefaultArgInFrom } from './invalid-default-arg-in-from.ts';
import { invalidDefinitionDescription } from './invalid-definition-description.ts';
import { openLinter } from './linter.ts';
import { maintainerDeprecated } from './maintainer-deprecated.ts';
import { noEmptyContinuation } from './no-empty-continuation.ts';
import type { ParseRule } from './parse-rule.ts';
import { reservedStageName } from './reserved-stage-name.ts';
import { stageNameCasing } from './stage-name-casing.ts';
import { undefinedArgInFrom } from './undefined-arg-in-from.ts';

const parseRules: readonly ParseRule[] = [
  stageNameCasing,
  fromAsCasing,
  noEmptyContinuation,
  consistentInstructionCasing,
  duplicateStageName,
  reservedStageName,
  maintainerDeprecated,
  undefinedArgInFrom,
  redundantTargetPlatform,
  fromPlatformFlagConstDisallowed,
  invalidDefaultArgInFrom,
  invalidDefinitionDescription,
];

/** Runs every rule that needs the file only (spec 6.2, "P"), over all stages; warnings in the order of the file. */
export function lintDockerfile(dockerfile: Dockerfile, options: CheckOptions): readonly Diagnostic[] {
  const linter = openLinter(dockerfile.source, options);
  for (const { name, find } of parseRules)
    for (const { message, help, span, comments } of find(dockerfile))
      linter.add({ rule: name, message, help }, span, comments);
  return linter.warnings.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
}
