/** The vertices of one plan while they are made. */
import { type Platform, printPlatform } from '../core/platform.ts';
import type { Span } from '../core/span.ts';
import type { ResolvedBase } from './resolver.ts';
import type { StageNode } from './stages/stage-node.ts';
import type { Vertex, VertexID } from './vertex.ts';

export type Vertices = Map<VertexID, Vertex>;

/**
 * The vertex of a base image. One image of one platform is one vertex, however many stages use it, and
 * carries the label of its first use.
 */
export function addImage(
  vertices: Vertices,
  image: ResolvedBase,
  labelPrefix: string,
  stage: string,
  span: Span,
  targetPlatform: Platform,
): VertexID {
  const { reference, platform } = image;
  const isForeign = printPlatform(platform) !== printPlatform(targetPlatform);
  const id = `image:${reference}${isForeign ? ` ${printPlatform(platform)}` : ''}`;
  if (!vertices.has(id)) {
    const label = `${labelPrefix}FROM ${reference}`;
    const op = { kind: 'image', reference, platform } as const;
    vertices.set(id, { id, op, inputs: [], label, stage, span, ignoresCache: false });
  }
  return id;
}

/** Names for the vertices of each stage: the stage's own unless several have it. */
export function stageIDs(nodes: readonly StageNode[]): ReadonlyMap<StageNode, string> {
  const counts = new Map<string, number>();
  for (const { name } of nodes) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map(
    nodes.map((node) => [node, counts.get(node.name) === 1 ? node.name : `${node.name}~${node.index}`]),
  );
}

/** The vertices that `target` stands on or reads from, in the order they were made; nothing without a target. */
export function neededFor(vertices: Vertices, target: VertexID | undefined): Vertices {
  const needed = new Set<VertexID>();
  const open = target === undefined ? [] : [target];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    open.push(...(vertices.get(id)?.inputs.filter((input) => input !== undefined) ?? []));
  }
  return new Map([...vertices].filter(([id]) => needed.has(id)));
}
