import { type FromUse, sourceOfUse } from '../stages/dependencies.ts';
import type { StageNode } from '../stages/stage-node.ts';
import type { SourceOrigin, VertexID } from '../vertex.ts';
import { imageVertex } from './image-vertex.ts';
import type { Reading } from './reading.ts';

/**
 * Where the files of a `--from` are for a vertex of `node`. Another filesystem becomes one of the vertex's
 * inputs after the first: `sources` holds those, and grows.
 */
export function originOf(use: FromUse, sources: VertexID[], node: StageNode, reading: Reading): SourceOrigin {
  const source = sourceOfUse(use, reading.graph);
  if (source === undefined || source.kind === 'scratch' || source.kind === 'unknown')
    return { kind: 'empty' };
  if (source.kind === 'tree') return { kind: 'context', name: source.name };
  const vertex =
    source.kind === 'stage'
      ? reading.states.get(source.index)?.top
      : imageVertex(source, node.name, use.span, reading);
  if (vertex === undefined) return { kind: 'empty' };
  if (!sources.includes(vertex)) sources.push(vertex);
  return { kind: 'input', index: sources.indexOf(vertex) + 1 };
}
