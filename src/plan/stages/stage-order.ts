import type { Findings } from '../findings.ts';
import { type FromUse, fromUses, type SourceScope, sourceOfUse } from './dependencies.ts';
import type { StageNode, StageStep } from './stage-node.ts';

/** All stages with the steps each runs, as far as they are known. */
export interface StageGraph extends SourceScope {
  readonly nodes: readonly StageNode[];
  stepsOf(node: StageNode): readonly StageStep[];
}

/** Stage to stage; `use` is absent for FROM. */
interface Edge {
  readonly from: StageNode;
  readonly to: StageNode;
  readonly use?: FromUse;
}

/** Reports stages that need each other, in the whole file; says whether there are any (spec 4.2). */
export function checkCycles(graph: StageGraph, findings: Findings): boolean {
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

/** Reports stages the target needs that take files from a later one (spec 3.6, 4.1). */
export function checkLaterStages(target: StageNode, graph: StageGraph, findings: Findings): void {
  for (const node of neededStages(target, graph)) {
    for (const { to, use } of edgesOf(node, graph)) {
      if (use === undefined || to.index <= node.index) continue;
      const verb = use.by === 'copy' ? 'copy' : 'mount';
      findings.error({
        code: 'later-stage',
        message: `cannot ${verb} from stage "${use.text}", it needs to be defined before current stage "${node.name}"`,
        span: use.span,
        help: `move the stage "${to.name}" above "${node.name}"`,
      });
    }
  }
}

function neededStages(target: StageNode, graph: StageGraph): readonly StageNode[] {
  const needed = new Set<StageNode>();
  const open = [target];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (needed.has(node)) continue;
    needed.add(node);
    open.push(...edgesOf(node, graph).map((edge) => edge.to));
  }
  return graph.nodes.filter((node) => needed.has(node));
}

/** The stages a stage needs: its base, then its `--from`s. */
function edgesOf(node: StageNode, graph: StageGraph): Edge[] {
  const edges: Edge[] = [];
  const base = node.base.kind === 'stage' ? graph.nodes[node.base.index] : undefined;
  if (base !== undefined) edges.push({ from: node, to: base });
  for (const use of graph.stepsOf(node).flatMap(fromUses)) {
    const source = sourceOfUse(use, graph);
    const to = source?.kind === 'stage' ? graph.nodes[source.index] : undefined;
    if (to !== undefined) edges.push({ from: node, to, use });
  }
  return edges;
}

/** Edges leading from one stage to another; none if they are the same, undefined if there is no way. */
function wayBack(start: StageNode, goal: StageNode, graph: StageGraph): Edge[] | undefined {
  const seen = new Set<StageNode>();
  const search = (node: StageNode): Edge[] | undefined => {
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

function describe({ from, to, use }: Edge): string {
  if (use === undefined) return `"${from.name}" is FROM "${to.name}"`;
  if (from === to) return `"${from.name}" takes files from itself`;
  return `"${from.name}" takes files from "${to.name}"`;
}
