import type { Findings } from '../findings.ts';
import { settleStages } from '../from/settle-stages.ts';
import { sourceDateEpoch } from '../image/epoch.ts';
import type { PlanRequest } from '../plan.ts';
import { evaluateGlobalArgs, type GlobalScope } from '../scope/global-scope.ts';
import { sourceNames } from '../stages/sources.ts';
import type { StageGraph } from '../stages/stage-graph.ts';
import type { StageNode } from '../stages/stage-node.ts';
import { checkStageOrder } from '../stages/stage-order.ts';
import { findTarget } from '../stages/target.ts';

/** What holds for the whole file, known before anything is asked of the resolver. */
export interface SettledFile {
  /** What was asked, with the time of the build put in where it was named by something else. */
  readonly request: PlanRequest;
  readonly globals: GlobalScope;
  readonly epochSeconds: number | undefined;
  /** Without the triggers that bases bring. */
  readonly graph: StageGraph;
  /** Undefined when there is no such stage. */
  readonly target: StageNode | undefined;
  /** The stages to read, with all they need. */
  readonly wanted: readonly StageNode[];
}

/**
 * Settles what holds for the whole file; what is wrong there is among the findings afterwards.
 * @param reads every stage of the file, or only what a target needs: the one that is named, else the last stage
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
    names: sourceNames(request),
    platform: request.targetPlatform,
  };
  const target = findTarget(request, nodes, findings);
  const targets = target === undefined ? [] : [target];
  const wanted = reads === 'target' ? targets : nodes;
  checkStageOrder(wanted, graph, findings);
  return {
    request: { ...request, buildArgs: withEpoch(request.buildArgs, epochSeconds) },
    globals: { ...globals, values: withEpoch(globals.values, epochSeconds) },
    epochSeconds,
    graph,
    target,
    wanted,
  };
}

/** Steps that ask for the time see seconds, whatever it was named by, or nothing where there is none. */
function withEpoch(values: ReadonlyMap<string, string>, seconds: number | undefined): Map<string, string> {
  const name = 'SOURCE_DATE_EPOCH';
  const settled = new Map(values);
  if (!values.has(name)) return settled;
  if (seconds === undefined) settled.delete(name);
  else settled.set(name, String(seconds));
  return settled;
}
