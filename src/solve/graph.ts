import { assert } from '../core/assert.ts';
import type { Vertex, VertexID } from '../plan/vertex.ts';

/** The vertices of a plan, and what follows from how they hang together. */
export interface Graph {
  vertex(id: VertexID): Vertex;
  /** Whether a vertex has no result before it has run: it ignores the cache, or stands on one that does. */
  mustRun(vertex: Vertex): boolean;
}

/** The vertices of a plan, and which of them have to run whatever is recorded. */
export function createGraph(vertices: ReadonlyMap<VertexID, Vertex>): Graph {
  const forced = new Map<VertexID, boolean>();

  function vertex(id: VertexID): Vertex {
    const found = vertices.get(id);
    assert(found !== undefined, `vertex ${id} is in the plan`);
    return found;
  }

  function mustRun({ id, ignoresCache, inputs }: Vertex): boolean {
    let must = forced.get(id);
    if (must === undefined) {
      must = ignoresCache || inputs.some((input) => input !== undefined && mustRun(vertex(input)));
      forced.set(id, must);
    }
    return must;
  }

  return { vertex, mustRun };
}

/** A linked copy makes the same layer whatever is below. */
export function standsAlone({ op }: Vertex): boolean {
  return op.kind === 'copy' && op.isLink;
}
