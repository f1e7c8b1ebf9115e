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
  return { globals, epochSeconds, graph, target, wanted };
}
