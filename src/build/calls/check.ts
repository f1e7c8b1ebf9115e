import { DockerfileError } from '../../core/errors.ts';
import type { Diagnostic } from '../../core/source/diagnostic.ts';
import { defaultCheckOptions } from '../../dockerfile/lint/check-options.ts';
import { violationOf } from '../../dockerfile/lint/linter.ts';
import { type CheckedBuild, checkBuild } from '../../plan/check-build.ts';
import { mergeErrors } from '../../plan/findings.ts';
import { type Call, type CallIO, type CallOptions, openCall } from './call.ts';
import { openStoredBases } from './stored-bases.ts';

export interface CheckReport extends CheckedBuild {
  /** Bases that are not in the local store: what their config decides was not checked. */
  readonly unknownBases: readonly string[];
}

/**
 * Runs the build checks (spec 6) without building: over all stages, or what the target needs; for each
 * platform, and what all say alike is said once. What is wrong with the Dockerfile or its ignore file is
 * reported, not thrown.
 * @throws HostError, UsageError, RemoteError when there is no Dockerfile to check
 */
export async function checkDockerfile(options: CallOptions, io: CallIO): Promise<CheckReport> {
  const bases = openStoredBases(options.root, io.signal);
  const checked: CheckedBuild[] = [];
  const call = await openOrReport(options, io);
  if ('errors' in call) checked.push(call);
  else for (const request of call.requests) checked.push(await checkBuild(request, bases));
  const warnings = once(checked.flatMap((each) => each.warnings));
  const isError = checked.some(({ violation }) => violation !== undefined);
  return {
    errors: mergeErrors(
      checked.flatMap(({ errors }) => errors),
      'errors' in call ? undefined : call.dockerfile.source,
    ),
    warnings,
    violation: violationOf(warnings, { ...defaultCheckOptions, isError }),
    unknownBases: [...bases.unknown].sort(),
  };
}

async function openOrReport(options: CallOptions, io: CallIO): Promise<Call | CheckedBuild> {
  try {
    return await openCall(options, io);
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    return { errors: error.diagnostics, warnings: [] };
  }
}

function once(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const byText = new Map<string, Diagnostic>();
  for (const diagnostic of diagnostics) {
    const { code, message, source, span } = diagnostic;
    byText.set(JSON.stringify([code, message, source?.name, span?.start, span?.end]), diagnostic);
  }
  return [...byText.values()];
}
