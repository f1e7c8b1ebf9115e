import type { Diagnostic } from '../core/source/diagnostic.ts';
import { type CheckOutcome, openChecks } from './checks.ts';
import { collectFindings } from './findings.ts';
import type { PlanRequest } from './plan.ts';
import { readFile } from './reading/read-file.ts';
import { settleFile } from './reading/settle-file.ts';
import type { BaseResolver } from './resolver.ts';

/** What there is to be said about a file. */
export interface CheckedBuild extends CheckOutcome {
  /** What a build fails on, in the order of the file. */
  readonly errors: readonly Diagnostic[];
}

/**
 * Runs the build checks over every stage, or over what the target needs if one is named (spec 6.1), and finds
 * whatever else is wrong with the file. The resolver may answer `isUnknown`.
 * @throws what the resolver threw
 */
export async function checkBuild(request: PlanRequest, resolver: BaseResolver): Promise<CheckedBuild> {
  const findings = collectFindings(request);
  const checks = openChecks(request, findings);
  const settled = settleFile(request, request.target === undefined ? 'every-stage' : 'target', findings);
  const { reach } = await readFile(settled, resolver, checks.linter, findings);
  reach.images.throwMissing();
  return { errors: findings.errors(), ...checks.finish() };
}
