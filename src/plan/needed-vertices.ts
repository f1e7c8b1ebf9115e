import type { Vertex, VertexID } from './vertex.ts';

/** The vertices that `target` stands on or reads from, in the order they were made; none without a target. */
export function neededVertices(
  vertices: ReadonlyMap<VertexID, Vertex>,
  target: VertexID | undefined,
): ReadonlyMap<VertexID, Vertex> {
  const needed = new Set<VertexID>();
  const open = [target];
  while (open.length > 0) {
    const id = open.pop();
    if (id === undefined || needed.has(id)) continue;
    needed.add(id);
    open.push(...(vertices.get(id)?.inputs ?? []));
  }
  return new Map([...vertices].filter(([id]) => needed.has(id)));
}
