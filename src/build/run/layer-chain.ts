import type { Plan } from '../../plan/plan.ts';
import type { VertexID } from '../../plan/vertex.ts';

/** The vertices that made the layers of the image above its base, lowest first. */
export function layerChain({ vertices, target }: Plan): VertexID[] {
  const ids: VertexID[] = [];
  for (let id = target; id !== undefined; id = vertices.get(id)?.inputs[0]) {
    if (vertices.get(id)?.op.kind !== 'image') ids.unshift(id);
  }
  return ids;
}
