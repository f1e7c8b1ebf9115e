import { assert } from '../core/assert.ts';
import { openChecks } from './checks.ts';
import { collectFindings } from './findings.ts';
import { settleStages } from './from/settle-stages.ts';
import { sourceDateEpoch } from './image/epoch.ts';
import { imageOfStage } from './image/image-draft.ts';
import { neededVertices } from './needed-vertices.ts';
import type { Plan, PlanRequest } from './plan.ts';
import type { Reading } from './reading/reading.ts';
import { stagesToVertices } from './reading/stages-to-vertices.ts';
import type { BaseResolver } from './resolver.ts';
import { checkUnusedBuildArgs, takenGlobally } from './scope/build-args.ts';
import { evaluateGlobalArgs } from './scope/global-scope.ts';
import { reachFrom } from './stages/reach.ts';
import { type StageGraph, stepsOf } from './stages/stage-graph.ts';
import { checkStageOrder } from './stages/stage-order.ts';
import { findTarget } from './stages/target.ts';

/**
 * Turns a Dockerfile into the vertices its target needs and a draft of the image's config (spec 2, 3, 4, 7).
 * Everything that can be wrong without running anything is found here: first what holds for the whole file,
 * then images that are missing, then what the reached instructions say.
 * @throws DockerfileError with all findings of the phase that found any; what the resolver threw
 */
export async function planBuild(request: PlanRequest, resolver: BaseResolver): Promise<Plan> {
  const { dockerfile } = request;
  const findings = collectFindings(dockerfile.source, request.maxDiagnostics);
  const checks = openChecks(request, findings);
  const globals = evaluateGlobalArgs(request, findings);
  const epochSeconds = sourceDateEpoch(request, globals, findings);
  const nodes = settleStages(request, globals, findings);
  const graph: StageGraph = {
    nodes,
    triggers: new Map(),
    names: { stages: dockerfile.stages, contexts: request.contexts },
    wanted: { platform: request.targetPlatform, isPlatformFixed: request.isPlatformExplicit },
  };
  const target = findTarget(request, nodes, findings);
  checkStageOrder(target, graph, findings);
  findings.throwIfAny();
  assert(target !== undefined, 'without a finding there is a target');

  const reach = await reachFrom(target, graph, resolver, findings);
  const fullGraph = { ...graph, triggers: reach.triggers };
  checkStageOrder(target, fullGraph, findings);
  findings.throwIfAny();

  const reading: Reading = {
    ...{ request, globals, graph: fullGraph, reach, findings },
    linter: checks.linter,
    vertices: new Map(),
    states: new Map(),
    usedBuildArgs: takenGlobally(request),
  };
  stagesToVertices(reading);
  const steps = nodes.flatMap((node) => stepsOf(node, fullGraph));
  checkUnusedBuildArgs(request, steps, findings);
  findings.throwIfAny();
  const warnings = checks.finish();

  const state = reading.states.get(target.index);
  assert(state !== undefined, 'the target was read');
  return {
    vertices: neededVertices(reading.vertices, state.top),
    target: state.top,
    image: imageOfStage(state, request, epochSeconds),
    warnings: [...findings.warnings(), ...warnings],
    usedBuildArgs: reading.usedBuildArgs,
  };
}
