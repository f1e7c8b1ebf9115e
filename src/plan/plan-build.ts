import { assert } from '../core/assert.ts';
import { suggest } from '../core/suggest.ts';
import { collectFindings, didYouMean, type Findings } from './findings.ts';
import { sourceDateEpoch } from './image/epoch.ts';
import { imageOfStage } from './image/image-draft.ts';
import type { Plan, PlanRequest } from './plan.ts';
import type { Reading } from './reading/reading.ts';
import { stagesToVertices } from './reading/stages-to-vertices.ts';
import type { BaseResolver } from './resolver.ts';
import { checkUnusedBuildArgs, takenGlobally } from './scope/build-args.ts';
import { evaluateGlobalArgs } from './scope/global-scope.ts';
import { reachFrom } from './stages/reach.ts';
import { settleStages } from './stages/settle-stages.ts';
import { stageNamed } from './stages/sources.ts';
import { type StageGraph, stepsOf } from './stages/stage-graph.ts';
import type { StageNode } from './stages/stage-node.ts';
import { checkStageOrder } from './stages/stage-order.ts';
import type { Vertex, VertexID } from './vertex.ts';

/**
 * Turns a Dockerfile into the vertices its target needs and a draft of the image's config (spec 2, 3, 4, 7).
 * Everything that can be wrong without running anything is found here: first what holds for the whole file,
 * then images that are missing, then what the reached instructions say.
 * @throws DockerfileError with all findings of the phase that found any; what the resolver threw
 */
export async function planBuild(request: PlanRequest, resolver: BaseResolver): Promise<Plan> {
  const { dockerfile } = request;
  const findings = collectFindings(dockerfile.source, request.maxDiagnostics);
  const globals = evaluateGlobalArgs(request, findings);
  const epochSeconds = sourceDateEpoch(request, globals, findings);
  const nodes = settleStages(request, globals, findings);
  const graph: StageGraph = {
    nodes,
    triggers: new Map(),
    names: { stages: dockerfile.stages, contexts: request.contexts },
    wanted: { platform: request.targetPlatform, isPlatformFixed: request.isPlatformExplicit },
  };
  const target = targetNode(request, nodes, findings);
  checkStageOrder(target, graph, findings);
  findings.throwIfAny();
  assert(target !== undefined, 'without a finding there is a target');

  const reach = await reachFrom(target, graph, resolver, findings);
  const fullGraph = { ...graph, triggers: reach.triggers };
  checkStageOrder(target, fullGraph, findings);
  findings.throwIfAny();

  const reading: Reading = {
    ...{ request, globals, graph: fullGraph, reach, findings },
    vertices: new Map(),
    states: new Map(),
    usedBuildArgs: takenGlobally(request),
  };
  stagesToVertices(reading);
  const state = reading.states.get(target.index);
  assert(state !== undefined, 'the target was read');
  checkUnusedBuildArgs(
    request,
    nodes.flatMap((node) => stepsOf(node, fullGraph)),
    findings,
  );
  findings.throwIfAny();
  return {
    vertices: neededFor(reading.vertices, state.top),
    target: state.top,
    image: imageOfStage(state, request, epochSeconds),
    warnings: findings.warnings(),
    usedBuildArgs: reading.usedBuildArgs,
  };
}

/** The vertices that `target` stands on or reads from, in the order they were made. */
function neededFor(
  vertices: ReadonlyMap<VertexID, Vertex>,
  target: VertexID | undefined,
): ReadonlyMap<VertexID, Vertex> {
  const needed = new Set<VertexID>();
  const open = target === undefined ? [] : [target];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    open.push(...(vertices.get(id)?.inputs.filter((input) => input !== undefined) ?? []));
  }
  return new Map([...vertices].filter(([id]) => needed.has(id)));
}

function targetNode(
  request: PlanRequest,
  nodes: readonly StageNode[],
  findings: Findings,
): StageNode | undefined {
  const { target, dockerfile } = request;
  const found = target === undefined ? nodes.at(-1) : nodes[stageNamed(dockerfile.stages, target)];
  if (found !== undefined || target === undefined) return found;
  const named = dockerfile.stages.flatMap((stage) => stage.name ?? []);
  findings.error({
    code: 'unknown-stage',
    message: `target stage "${target}" could not be found`,
    notes: [named.length === 0 ? 'no stage has a name' : `stages: ${named.join(', ')}`],
    help: /^[0-9]+$/.test(target)
      ? 'a target is named, not numbered: FROM … AS name'
      : didYouMean(suggest(target, named)),
  });
  return undefined;
}
