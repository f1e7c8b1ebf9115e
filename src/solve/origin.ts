/**
 * Files that come from somewhere else than the filesystem a step stands on: a build context, another stage,
 * an image. COPY takes them into a layer, RUN --mount=type=bind shows them.
 */
import { keyOf } from '../cache/recipe.ts';
import type { StepCache } from '../cache/step-cache.ts';
import { selectionDigest } from '../copy/content-digest.ts';
import type { Selection, SelectRequest } from '../copy/selection.ts';
import { assert } from '../core/assert.ts';
import { emptyTree, type FileTree } from '../core/file-tree.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import type { SourceOrigin, Vertex } from '../plan/vertex.ts';
import type { Snapshotter, Stack } from '../snapshot/snapshotter.ts';
import type { OpContext } from './op-runner.ts';

export interface OriginServices {
  readonly steps: StepCache;
  readonly snapshotter: Snapshotter;
  readonly layers: LayerStore;
  /** A build context by name, '' is the main one; opened when first asked for. */
  context(name: string): Promise<FileTree>;
  /** A new, empty directory that is removed when the build is over. */
  scratch(): string;
}

/** How files are chosen from the tree they come from. */
export type SelectFrom = (tree: FileTree, signal: AbortSignal) => Promise<Selection>;

/** Chosen files, for one step: selected and digested at most once, and only as far as somebody asks. */
export interface ChosenFiles {
  /** Undefined while peeking when the stage they come from has not run. */
  digest(context: OpContext): Promise<string | undefined>;
  selection(context: OpContext): Promise<Selection>;
}

/**
 * Files chosen for one step. The digest of files taken from snapshots, which never change, is remembered.
 * @param request what `select` chooses by
 */
export function chooseFiles(
  vertex: Vertex,
  origin: SourceOrigin,
  request: SelectRequest,
  select: SelectFrom,
  services: OriginServices,
): ChosenFiles {
  const { steps } = services;
  let selected: Promise<Selection> | undefined;
  let digested: Promise<string> | undefined;

  const selection = (context: OpContext) => {
    selected ??= openOrigin(origin, vertex, context, services).then((tree) => select(tree, context.signal));
    return selected;
  };
  const compute = async (context: OpContext) => {
    const { digest } = await selectionDigest(await selection(context), context.signal);
    return digest;
  };
  return {
    selection,
    async digest(context) {
      if (origin.kind !== 'input') {
        digested ??= compute(context);
        return digested;
      }
      const stack = await stackOf(origin.index, vertex, context);
      if (stack === undefined) return undefined;
      const question = keyOf({
        kind: 'selection',
        parts: [...stack.map((id) => ['snapshot', id] as const), ['request', JSON.stringify(request)]],
      });
      digested ??= (async () => {
        const known = steps.recall(question);
        if (known !== undefined) return known;
        const digest = await compute(context);
        await steps.remember(question, digest);
        return digest;
      })();
      return digested;
    },
  };
}

/** The filesystem an origin stands for, with its files in place. */
async function openOrigin(
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
