import { assert } from '../../core/assert.ts';
import type { StageNode } from '../stages/stage-node.ts';
import type { CopyOp, VertexID } from '../vertex.ts';
import { imageVertex, resolvedImage } from './image-vertex.ts';
import type { Reading } from './reading.ts';
import {
  type StageState,
  stateOnImage,
  stateOnScratch,
  stateOnStage,
  stateOnUnknown,
} from './stage-state.ts';

/** The state a stage starts with. Files its FROM brings become a vertex, a directory's under `id`. */
export function startStage(node: StageNode, id: VertexID, reading: Reading): StageState {
  const { base, name, stage } = node;
  switch (base.kind) {
    case 'scratch':
      return stateOnScratch(reading.request.targetPlatform);
    case 'unknown':
      return stateOnUnknown(reading.request.targetPlatform);
    case 'stage': {
      const parent = reading.states.get(base.index);
      assert(parent !== undefined, 'a stage is read before those FROM it');
      return stateOnStage(parent);
    }
    case 'image': {
      const vertex = imageVertex(base, name, stage.from.span, reading);
      return stateOnImage(resolvedImage(base, reading), vertex);
    }
    case 'tree':
      return startOnTree(node, base.name, id, reading);
  }
}

/** A directory as a base is all its files on an empty root, one layer of them (spec 4.4). */
function startOnTree(
  { name: stage, stage: { from } }: StageNode,
  context: string,
  id: VertexID,
  { request, vertices }: Reading,
): StageState {
  const text = `FROM ${context}`;
  const op = { ...wholeTree, origin: { kind: 'context', name: context } } as const;
  vertices.set(id, { id, op, inputs: [undefined], label: text, stage, span: from.span, ignoresCache: false });
  const comment = 'buildkit.exporter.image.v0';
  const entry = { createdBy: text, comment, isEmptyLayer: false, vertex: id };
  return { ...stateOnScratch(request.targetPlatform), top: id, history: [entry] };
}

const wholeTree: Omit<CopyOp, 'origin'> = {
  kind: 'copy',
  instruction: 'COPY',
  sources: ['/'],
  heredocs: [],
  dest: '/',
  isLink: false,
  keepsParents: false,
  excludes: [],
};
