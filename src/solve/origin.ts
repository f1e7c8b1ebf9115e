/**
 * Files that come from somewhere else than the filesystem a step stands on: a build context, another stage,
 * an image. COPY takes them into a layer, RUN --mount=type=bind shows them.
 */
import type { FileLists } from '../cache/file-lists.ts';
import { keyOf, type Part } from '../cache/recipe.ts';
import type { StepCache } from '../cache/step-cache.ts';
import { type SelectionDigest, selectionDigest } from '../copy/content-digest.ts';
import { keptMetadata } from '../copy/metadata.ts';
import type { Selection, SelectRequest } from '../copy/selection.ts';
import { assert } from '../core/assert.ts';
import type { Digest, KeyDigest } from '../core/digest.ts';
import { emptyTree, type FileTree } from '../core/file-tree.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import type { SourceOrigin, Vertex } from '../plan/vertex.ts';
import type { Snapshotter, Stack } from '../snapshot/snapshotter.ts';
import type { OpContext } from './op-runner.ts';

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

/** How files are chosen. */
export interface FileChooser {
  select(tree: FileTree, signal: AbortSignal): Promise<Selection>;
  /** Names what would be selected, where that is cheaper; undefined where it cannot be done. */
  identify?(signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** `--chown` and `--chmod`: what they replace of the files is not looked at. */
  readonly replaces?: { readonly owner?: string | undefined; readonly mode?: string | undefined };
}

/** Chosen files, for one step: selected and digested at most once, and only as far as somebody asks. */
export interface ChosenFiles {
  /** Undefined while peeking when the stage they come from has not run. */
  digest(context: OpContext): Promise<Digest | undefined>;
  selection(context: OpContext): Promise<Selection>;
  /** What a recipe notes of files whose digest is known: where they are from, and by what it is found again. */
  notes(context: OpContext): Promise<Part[]>;
  /** Keeps the list of the files, so that a later miss can name the one that changed. */
  keepList(): Promise<void>;
}

/**
 * Files chosen for one step. The digest of files taken from snapshots, which never change, is remembered,
 * and once more by the definition of what made the snapshots: when those are gone, or never were on this
 * machine, the step may still be answered without running anything (`OpContext.mayAssume`).
 *
 * @param request what `chooser` chooses by
 */
export function chooseFiles(
  vertex: Vertex,
  origin: SourceOrigin,
  request: SelectRequest,
  chooser: FileChooser,
  services: OriginServices,
): ChosenFiles {
  const { steps, fileLists } = services;
  const { replaces = {} } = chooser;
  let selected: Promise<Selection> | undefined;
  let digested: Promise<Digest> | undefined;
  let computed: SelectionDigest | undefined;

  const selection = (context: OpContext) => {
    selected ??= openOrigin(origin, vertex, context, services).then((tree) =>
      chooser.select(tree, context.signal),
    );
    return selected;
  };
  const compute = async (context: OpContext) => {
    computed = await selectionDigest(await selection(context), keptMetadata(replaces), context.signal);
    return computed.digest;
  };
  const questionAbout = (parts: readonly Part[]) =>
    keyOf({ kind: 'selection', parts: [...parts, ['request', JSON.stringify({ ...request, ...replaces })]] });

  const questionOf = (stack: Stack) => questionAbout(stack.map((id) => ['snapshot', id] as const));

  /** The question that can be asked before the stage has run. */
  const questionByDefinition = async (context: OpContext): Promise<KeyDigest | undefined> => {
    if (origin.kind !== 'input') return undefined;
    const input = vertex.inputs[origin.index];
    const definition = input === undefined ? undefined : await context.definition(input);
    return definition === undefined ? undefined : questionAbout([['definition', definition]]);
  };

  /** Of files that come from outside: by their identity where it tells what was selected before. */
  const digestOfIdentified = async (context: OpContext) => {
    const words = await chooser.identify?.(context.signal);
    if (words === undefined) return compute(context);
    const question = questionAbout(words.map((word) => ['identity', word] as const));
    const known = steps.recall(question);
    if (known !== undefined) return known as Digest;
    const digest = await compute(context);
    await steps.remember(question, digest);
    return digest;
  };

  const digestOf = async (stack: Stack, context: OpContext) => {
    const question = questionOf(stack);
    const known = steps.recall(question);
    if (known !== undefined) return known as Digest;
    const digest = await compute(context);
    const byDefinition = await questionByDefinition(context);
    await steps.remember(question, digest);
    if (byDefinition !== undefined) await steps.remember(byDefinition, digest);
    return digest;
  };

  return {
    selection,
    async digest(context) {
      if (origin.kind !== 'input') {
        digested ??= digestOfIdentified(context);
        return digested;
      }
      const stack = await stackOf(origin.index, vertex, context);
      if (stack !== undefined) {
        digested ??= digestOf(stack, context);
        return digested;
      }
      const question = context.mayAssume ? await questionByDefinition(context) : undefined;
      return question === undefined ? undefined : (steps.recall(question) as Digest | undefined);
    },
    async notes(context) {
      if (origin.kind !== 'input') return [];
      const from: Part = ['from', vertex.inputs[origin.index] ?? 'scratch'];
      const digest = await this.digest(context);
      const stack = await stackOf(origin.index, vertex, context);
      const byDefinition = await questionByDefinition(context);
      return [
        from,
        ...(stack === undefined ? [] : [['stack-answer', `${questionOf(stack)} ${digest}`] as const]),
        ...(byDefinition === undefined ? [] : [['answer', `${byDefinition} ${digest}`] as const]),
      ];
    },
    async keepList() {
      if (computed !== undefined) await fileLists.save(computed.digest, computed.lines);
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
