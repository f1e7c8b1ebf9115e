import { isLookedUp } from '../../copy/owner.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Op, VertexID } from '../../plan/vertex.ts';
import { readsBelow } from '../../solve/ops/copy/copy.ts';

/**
 * Vertices whose files somebody reads: a RUN above, a copy from the stage, an output of files. A COPY or
 * WORKDIR above asks for names and metadata only, but for the owners it has to look up.
 * @param isTargetRead whether an output is made of the target's files, and not only of its layers
 */
export function readVertices(plan: Plan, isTargetRead: boolean): Set<VertexID> {
  const read = new Set<VertexID>();
  const readAll = (top: VertexID | undefined) => {
    for (let id = top; id !== undefined && !read.has(id); id = plan.vertices.get(id)?.inputs[0]) read.add(id);
  };
  for (const { op, inputs } of plan.vertices.values()) {
    const [below, ...others] = inputs;
    for (const input of others) readAll(input);
    if (readsFilesBelow(op)) readAll(below);
  }
  if (isTargetRead) readAll(plan.target);
  return read;
}

function readsFilesBelow(op: Op): boolean {
  switch (op.kind) {
    case 'exec':
      return true;
    case 'copy':
      return readsBelow(op);
    case 'mkdir':
      return isLookedUp(op.owner);
    case 'image':
      return false;
  }
}
