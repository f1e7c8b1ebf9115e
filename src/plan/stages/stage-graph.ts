import { type FromUse, fromUses, type SourceScope, sourceOfUse } from './dependencies.ts';
import type { StageNode, StageStep } from './stage-node.ts';

/** All stages of a file, with what is known of the triggers they fire. */
export interface StageGraph extends SourceScope {
  readonly nodes: readonly StageNode[];
  readonly triggers: ReadonlyMap<StageNode, readonly StageStep[]>;
}

/** Stage to stage; `use` is absent for FROM. */
export interface StageEdge {
  readonly from: StageNode;
  readonly to: StageNode;
  readonly use?: FromUse;
}

/** Everything a stage runs, in order: the triggers of its base first. */
export function stepsOf(node: StageNode, { triggers }: StageGraph): readonly StageStep[] {
  return [...(triggers.get(node) ?? []), ...node.own];
}

/** The stages a stage needs: its base, then its `--from`s. */
export function edgesOf(node: StageNode, graph: StageGraph): StageEdge[] {
  const edges: StageEdge[] = [];
  const base = node.base.kind === 'stage' ? graph.nodes[node.base.index] : undefined;
  if (base !== undefined) edges.push({ from: node, to: base });
  for (const use of stepsOf(node, graph).flatMap(fromUses)) {
    const source = sourceOfUse(use, graph);
    const to = source?.kind === 'stage' ? graph.nodes[source.index] : undefined;
    if (to !== undefined) edges.push({ from: node, to, use });
  }
  return edges;
}

/** The wanted stages and every stage they need, as far as known, in file order. */
export function neededStages(wanted: readonly StageNode[], graph: StageGraph): readonly StageNode[] {
  const needed = new Set<StageNode>();
  const open = [...wanted];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (needed.has(node)) continue;
    needed.add(node);
    open.push(...edgesOf(node, graph).map((edge) => edge.to));
  }
  return graph.nodes.filter((node) => needed.has(node));
}
