import { DockerfileError } from '../core/errors.ts';
import type { Diagnostic } from '../core/source/diagnostic.ts';
import { mergeErrors } from '../plan/findings.ts';
import type { Plan } from '../plan/plan.ts';
import type { VertexID } from '../plan/vertex.ts';
import { buildPlatform, type PlatformBuild, planPlatform } from './build-platform.ts';
import type { BuildInputs } from './inputs/inputs.ts';
import type { ParsedInputs } from './inputs/parse-inputs.ts';
import type { LayerWish } from './output/output.ts';
import { platformsOf } from './platforms.ts';
import { readVertices } from './run/read-vertices.ts';
import type { BuildSession } from './session.ts';
import { isImportLost } from './share/keep-imported.ts';
import { isLossOfStore } from './store/store-damage.ts';

/**
 * Builds for all platforms side by side, once it is known that there is a plan for each. Steps that they share
 * run once. The first failure ends the work for the others, and is the one that is thrown.
 * @param finished takes what was built, in the order of the platforms, also when others fail
 */
export async function buildPlatforms(
  session: BuildSession,
  inputs: BuildInputs,
  parsed: ParsedInputs,
  wish: LayerWish | undefined,
  finished: PlatformBuild[],
): Promise<void> {
  const { io, accounts } = session;
  const plans = await planPlatforms(session, inputs, parsed);
  showWarnings(plans, session);
  showSteps(plans, session, wish === undefined);
  const failed = new AbortController();
  const signal = AbortSignal.any([io.signal, failed.signal]);
  const stoppable = { ...session, io: { ...io, signal } };
  const failures: unknown[] = [];
  let solving = plans.length;
  const solved = () => {
    if (--solving === 0) session.endSteps();
  };
  const builds = await Promise.all(
    plans.map((plan) =>
      buildPlatform(stoppable, inputs, plan, wish, solved).catch((error: unknown) => {
        failures.push(error);
        // What begins anew shares work that is under way: it must not end with this try.
        if (!isImportLost(error) && !isLossOfStore(error)) failed.abort();
        return undefined;
      }),
    ),
  );
  finished.push(...builds.filter((build) => build !== undefined));
  accounts.sort((a, b) => plans.indexOf(a.plan) - plans.indexOf(b.plan));
  if (failures.length > 0) throw failures[0];
}

/** @throws DockerfileError with what is wrong on any of the platforms */
async function planPlatforms(
  session: BuildSession,
  inputs: BuildInputs,
  parsed: ParsedInputs,
): Promise<readonly Plan[]> {
  const plans: Plan[] = [];
  const errors: Diagnostic[] = [];
  for (const platform of platformsOf(session.options)) {
    try {
      plans.push(await planPlatform(session, inputs, parsed, platform));
    } catch (error) {
      if (!(error instanceof DockerfileError)) throw error;
      errors.push(...error.diagnostics);
    }
  }
  if (errors.length > 0) throw new DockerfileError(mergeErrors(errors, parsed.dockerfile.source));
  return plans;
}

/** The steps to come; one that several platforms share goes by the label it has for the first of them. */
function showSteps(plans: readonly Plan[], { io, bases }: BuildSession, isTargetRead: boolean): void {
  const labels = new Map<VertexID, string>();
  for (const { id, label } of plans.flatMap(({ vertices }) => [...vertices.values()])) {
    if (!labels.has(id)) labels.set(id, label);
  }
  io.emit({ type: 'plan', steps: [...labels].map(([id, label]) => ({ id, label })) });
  for (const plan of plans) bases.showAs(plan.vertices.values(), readVertices(plan, isTargetRead));
}

/** What holds for several platforms is said once. */
function showWarnings(plans: readonly Plan[], { io }: BuildSession): void {
  const said = new Set<string>();
  for (const diagnostic of plans.flatMap(({ warnings }) => warnings)) {
    const key = [diagnostic.code, diagnostic.span?.start, diagnostic.message].join(' ');
    if (!said.has(key)) io.emit({ type: 'warning', diagnostic });
    said.add(key);
  }
}
