/**
 * Files that come from somewhere else than the filesystem a step stands on: a build context, another stage,
 * an image. COPY takes them into a layer, RUN --mount=type=bind shows them.
 */
import type { FileLists } from '../../../cache/file-lists.ts';
import type { StepCache } from '../../../cache/step-cache.ts';
import { assert } from '../../../core/assert.ts';
import { emptyTree, type FileTree } from '../../../core/file-tree.ts';
import type { LayerStore } from '../../../layer/layer-store.ts';
import type { SourceOrigin, Vertex } from '../../../plan/vertex.ts';
import type { Snapshotter, Stack } from '../../../snapshot/snapshotter.ts';
import type { OpContext } from '../../op-runner.ts';

/** What files are taken from. */
export interface OriginServices {
  readonly steps: StepCache;
  readonly fileLists: FileLists;
  readonly snapshotter: Snapshotter;
  readonly layers: LayerStore;
  /** A build context by name, '' is the main one; opened when first asked for. */
  context(name: string): Promise<FileTree>;
  /** A new, empty directory that is removed when the build is over. */
  scratch(): string;
}

/** The filesystem an origin stands for, with its files in place. */
export async function openOrigin(
  origin: SourceOrigin,
  vertex: Vertex,
  context: OpContext,
  { context: openContext, layers, snapshotter }: OriginServices,
): Promise<FileTree> {
  if (origin.kind === 'empty') return emptyTree;
  if (origin.kind === 'context') return openContext(origin.name);
  const stack = await stackOf(origin.index, vertex, context);
  assert(stack !== undefined, 'files are selected once their stage is there');
  await layers.ensureFiles(stack, context.signal);
  return snapshotter.view(stack);
}

/** The stack of an input that is read, not stood on. */
export function stackOf(index: number, vertex: Vertex, context: OpContext): Promise<Stack | undefined> {
  const input = vertex.inputs[index];
  return input === undefined ? Promise.resolve([]) : context.filesystem(input);
}
