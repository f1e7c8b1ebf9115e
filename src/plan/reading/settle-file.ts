import { assert } from '../../core/assert.ts';
import type { Findings } from '../findings.ts';
import { settleStages } from '../from/settle-stages.ts';
import { sourceDateEpoch } from '../image/epoch.ts';
import type { PlanRequest } from '../plan.ts';
import { evaluateGlobalArgs } from '../scope/global-scope.ts';
import type { StageGraph } from '../stages/stage-graph.ts';
import type { StageNode } from '../stages/stage-node.ts';
import { checkStageOrder } from '../stages/stage-order.ts';
import { findTarget } from '../stages/target.ts';

/** What holds for the whole file, known before anything is asked of the resolver. */
export interface SettledFile {
  /** What was asked, with the time of the build put in where it was named by something else. */
  readonly request: PlanRequest;
  readonly globals: ReadonlyMap<string, string>;
  readonly epochSeconds: number | undefined;
  /** Without the triggers that bases bring. */
  readonly graph: StageGraph;
  readonly target: StageNode;
  /** The stages to read, with all they need. */
  readonly wanted: readonly StageNode[];
}

/**
 * @param reads every stage of the file, or only what a target needs: the one that is named, else the last stage
 * @throws DockerfileError
 */
export function settleFile(
  request: PlanRequest,
  reads: 'target' | 'every-stage',
  findings: Findings,
): SettledFile {
  const globals = evaluateGlobalArgs(request, findings);
  const epochSeconds = sourceDateEpoch(request, globals, findings);
  const nodes = settleStages(request, globals, findings);
  const graph: StageGraph = {
    nodes,
    triggers: new Map(),
    names: { stages: request.dockerfile.stages, contexts: request.contexts },
    platform: request.targetPlatform,
  };
  const target = findTarget(request, nodes, findings);
  const targets = target === undefined ? [] : [target];
  const wanted = reads === 'target' ? targets : nodes;
  checkStageOrder(wanted, graph, findings);
  findings.throwIfAny();
  assert(target !== undefined, 'without a finding there is a target');
  return {
    request: { ...request, buildArgs: withEpoch(request.buildArgs, epochSeconds) },
    globals: withEpoch(globals, epochSeconds),
    epochSeconds,
    graph,
    target,
    wanted,
  };
}

/** Steps that ask for the time see seconds, whatever it was named by, or nothing where there is none. */
function withEpoch(
  values: ReadonlyMap<string, string>,
  seconds: number | undefined,
): ReadonlyMap<string, string> {
  const name = 'SOURCE_DATE_EPOCH';
  if (!values.has(name)) return values;
  const settled = new Map(values);
  if (seconds === undefined) settled.delete(name);
  else settled.set(name, String(seconds));
  return settled;
}
