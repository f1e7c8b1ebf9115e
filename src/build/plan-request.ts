import { type Platform, platformFromNode } from '../core/platform.ts';
import type { PlanRequest } from '../plan/plan.ts';
import type { BuildInputs } from './inputs/inputs.ts';
import type { ParsedInputs } from './inputs/parse-inputs.ts';
import type { BuildOptions } from './options.ts';

/** Of what is asked of a build, that which changes its plan without changing its Dockerfile. */
type PlanOptions = Pick<BuildOptions, 'target' | 'buildArgs' | 'platforms'>;

/** More findings than a person reads at once help nobody. */
const maxDiagnostics = 20;

/**
 * What planning is asked for one platform by whoever reads the Dockerfile. A build adds its labels, network and
 * what it does not want from the cache.
 */
export function planRequest(
  { target, buildArgs, platforms }: PlanOptions,
  { named, epochSeconds, ignoreRules }: BuildInputs,
  { dockerfile, problems }: ParsedInputs,
  targetPlatform: Platform,
): PlanRequest {
  const given = buildArgs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return {
    dockerfile,
    problems,
    target,
    buildArgs: new Map(given),
    targetPlatform,
    isPlatformExplicit: platforms.length > 0,
    buildPlatform: platformFromNode(process.arch),
    contexts: named,
    contextEpoch: epochSeconds,
    labels: new Map(),
    noCache: new Set(),
    ignoreRules,
    network: 'default',
    maxDiagnostics,
  };
}
