/**
 * Names that mean something to the builder itself (spec 2.7, 2.8) and the build arguments nobody takes.
 */
import { type Platform, printPlatform } from '../../core/platform.ts';
import { suggest } from '../../core/suggest.ts';
import { didYouMean, type Findings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';
import type { StageStep } from '../stages/stage-node.ts';

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** Global ARGs that exist without being declared, a build argument of the same name overriding each (spec 2.7). */
export function automaticArgs(request: PlanRequest): ReadonlyMap<string, string> {
  const { dockerfile, target, targetPlatform, buildPlatform, buildArgs } = request;
  const values = new Map([
    ...platformArgs('BUILD', buildPlatform),
    ...platformArgs('TARGET', targetPlatform),
    ['TARGETSTAGE', target ?? dockerfile.stages.at(-1)?.name ?? 'default'],
  ]);
  for (const name of values.keys()) {
    const given = buildArgs.get(name);
    if (given !== undefined) values.set(name, given);
  }
  return values;
}

function platformArgs(prefix: string, platform: Platform): [string, string][] {
  return [
    [`${prefix}PLATFORM`, printPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, platform.osVersion ?? ''],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}

/** Both spellings of each proxy argument that was given a value; the lower-case one wins. */
export function proxyEnvironment(buildArgs: ReadonlyMap<string, string>): (readonly [string, string])[] {
  return proxyNames.flatMap((upper) => {
    const lower = upper.toLowerCase();
    const value = buildArgs.get(lower) ?? buildArgs.get(upper);
    return !value ? [] : [[upper, value] as const, [lower, value] as const];
  });
}

/** Steers the builder and never becomes a variable of a stage, declared or not (spec 2.8). */
export function isScanSwitch(name: string): boolean {
  return name === 'BUILDKIT_SBOM_SCAN_CONTEXT' || name === 'BUILDKIT_SBOM_SCAN_STAGE';
}

/** Build arguments that an ARG before the first FROM took. */
export function takenGlobally({ dockerfile, buildArgs }: PlanRequest): Set<string> {
  const declared = dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name.raw));
  return new Set(declared.filter((name) => buildArgs.has(name)));
}

/** Warns of build arguments that no ARG declares, neither in the file nor in a trigger that was fired. */
export function checkUnusedBuildArgs(
  request: PlanRequest,
  steps: readonly StageStep[],
  findings: Findings,
): void {
  const inStages = steps
    .map(({ instruction }) => instruction)
    .filter((instruction) => instruction.kind === 'arg');
  const args = [...request.dockerfile.globalArgs, ...inStages].flatMap((instruction) => instruction.args);
  const declared = new Set(args.map(({ name }) => name.raw));
  const automatic = automaticArgs(request);
  for (const name of request.buildArgs.keys()) {
    if (declared.has(name) || automatic.has(name) || steersTheBuilder(name)) continue;
    findings.warn({
      code: 'unused-build-arg',
      message: `no ARG takes the build argument "${name}"`,
      help: didYouMean(suggest(name, declared)),
    });
  }
}

function steersTheBuilder(name: string): boolean {
  return (
    name.startsWith('BUILDKIT_') || name === 'SOURCE_DATE_EPOCH' || proxyNames.includes(name.toUpperCase())
  );
}
