import type { Findings } from '../findings.ts';
import { fromUses, sourceOfUse } from './dependencies.ts';
import { edgesOf, neededStages, type StageEdge, type StageGraph, stepsOf } from './stage-graph.ts';
import type { StageNode } from './stage-node.ts';

/**
 * Reports what makes an order of stages impossible: in the whole file, numbers beyond the last stage and
 * stages that need each other; among those the wanted ones need, files taken from a later stage (spec 4.1, 4.2).
 */
export function checkStageOrder(wanted: readonly StageNode[], graph: StageGraph, findings: Findings): void {
  checkStageNumbers(graph, findings);
  const isCircular = checkCycles(graph, findings);
  // Every cycle has a step that takes files from a later stage: told as a cycle, it needs no second finding.
  if (!isCircular) checkLaterStages(wanted, graph, findings);
}

function checkStageNumbers(graph: StageGraph, findings: Findings): void {
  for (const use of graph.nodes.flatMap((node) => stepsOf(node, graph)).flatMap(fromUses)) {
    if (sourceOfUse(use, graph) !== undefined) continue;
    findings.error({
      code: 'unknown-stage',
      message: `invalid stage index ${use.text}: stages are numbered 0 to ${graph.nodes.length - 1}`,
      span: use.span,
    });
  }
}

function checkCycles(graph: StageGraph, findings: Findings): boolean {
  let isCircular = false;
  // A base stands above its stage, so every cycle has a `--from` that looks at its own stage or below.
  for (const edge of graph.nodes.flatMap((node) => edgesOf(node, graph))) {
    if (edge.use === undefined || edge.to.index < edge.from.index) continue;
    const way = wayBack(edge.to, edge.from, graph);
    if (way === undefined) continue;
    isCircular = true;
    findings.error({
      code: 'circular-stages',
      message: `circular dependency detected on stage: ${edge.from.name}`,
      span: edge.use.span,
      notes: [edge, ...way].map(describe),
    });
  }
  return isCircular;
}

function checkLaterStages(wanted: readonly StageNode[], graph: StageGraph, findings: Findings): void {
  for (const { from, to, use } of neededStages(wanted, graph).flatMap((node) => edgesOf(node, graph))) {
    if (use === undefined || to.index <= from.index) continue;
    const verb = use.by === 'copy' ? 'copy' : 'mount';
    findings.error({
      code: 'later-stage',
      message: `cannot ${verb} from stage "${use.text}", it needs to be defined before current stage "${from.name}"`,
      span: use.span,
      help: `move the stage "${to.name}" above "${from.name}"`,
    });
  }
}

/** Edges leading from one stage to another; none if they are the same, undefined if there is no way. */
function wayBack(start: StageNode, goal: StageNode, graph: StageGraph): StageEdge[] | undefined {
  const seen = new Set<StageNode>();
  const search = (node: StageNode): StageEdge[] | undefined => {
    if (node === goal) return [];
    if (seen.has(node)) return undefined;
    seen.add(node);
    for (const edge of edgesOf(node, graph)) {
      const rest = search(edge.to);
      if (rest !== undefined) return [edge, ...rest];
    }
    return undefined;
  };
  return search(start);
}

function describe({ from, to, use }: StageEdge): string {
  if (use === undefined) return `"${from.name}" is FROM "${to.name}"`;
  if (from === to) return `"${from.name}" takes files from itself`;
  return `"${from.name}" takes files from "${to.name}"`;
}
