/** The digest of chosen files, as far as it is known without reading them. */
import type { StepCache } from '../../../cache/step-cache.ts';
import type { Digest, KeyDigest } from '../../../core/digest.ts';
import type { Vertex } from '../../../plan/vertex.ts';
import type { Stack } from '../../../snapshot/snapshotter.ts';
import type { OpContext } from '../../op-runner.ts';
import type { ChosenFiles, FileChooser } from './chosen-files.ts';
import { stackOf } from './origin.ts';
import type { SelectionQuestions } from './selection-questions.ts';

type Memory = Pick<StepCache, 'recall' | 'remember'>;
type KnownDigest = Pick<ChosenFiles, 'digest' | 'notes'>;
/** Selects the files and reads them. */
type ComputeDigest = (context: OpContext) => Promise<Digest>;

/**
 * Of files that another step left: remembered by the snapshots they are in, and once more by the definition of
 * what made those. When the snapshots are gone, or never were on this machine, the step may still be answered
 * without running anything (`OpContext.mayAssume`).
 *
 * @param index which input of the vertex it is
 */
export function digestOfInput(
  vertex: Vertex,
  index: number,
  questions: SelectionQuestions,
  memory: Memory,
  compute: ComputeDigest,
): KnownDigest {
  const input = vertex.inputs[index];
  let digested: Promise<Digest> | undefined;

  /** The question that can be asked before the step has run. */
  async function questionByDefinition(context: OpContext): Promise<KeyDigest | undefined> {
    const definition = input === undefined ? undefined : await context.definition(input);
    return definition === undefined ? undefined : questions.ofDefinition(definition);
  }

  async function digestIn(stack: Stack, context: OpContext): Promise<Digest> {
    const question = questions.ofStack(stack);
    const known = recall(memory, question);
    if (known !== undefined) return known;
    const digest = await compute(context);
    const byDefinition = await questionByDefinition(context);
    await memory.remember(question, digest);
    if (byDefinition !== undefined) await memory.remember(byDefinition, digest);
    return digest;
  }

  async function digest(context: OpContext): Promise<Digest | undefined> {
    const stack = await stackOf(index, vertex, context);
    if (stack !== undefined) {
      digested ??= digestIn(stack, context);
      return digested;
    }
    const question = context.mayAssume ? await questionByDefinition(context) : undefined;
    return question === undefined ? undefined : recall(memory, question);
  }

  return {
    digest,
    async notes(context) {
      const known = await digest(context);
      const stack = await stackOf(index, vertex, context);
      const byDefinition = await questionByDefinition(context);
      return [
        ['from', input ?? 'scratch'],
        ...(stack === undefined ? [] : [['stack-answer', `${questions.ofStack(stack)} ${known}`] as const]),
        ...(byDefinition === undefined ? [] : [['answer', `${byDefinition} ${known}`] as const]),
      ];
    },
  };
}

/** Of files that come from outside: remembered by their identity, where that tells what was selected before. */
export function digestOfOutside(
  { identify }: FileChooser,
  questions: SelectionQuestions,
  memory: Memory,
  compute: ComputeDigest,
): KnownDigest {
  let digested: Promise<Digest> | undefined;

  async function digestOf(context: OpContext): Promise<Digest> {
    const words = await identify?.(context.signal);
    if (words === undefined) return compute(context);
    const question = questions.ofIdentity(words);
    const known = recall(memory, question);
    if (known !== undefined) return known;
    const digest = await compute(context);
    await memory.remember(question, digest);
    return digest;
  }

  return {
    digest(context) {
      digested ??= digestOf(context);
      return digested;
    },
    notes: () => Promise.resolve([]),
  };
}

function recall(memory: Memory, question: KeyDigest): Digest | undefined {
  return memory.recall(question) as Digest | undefined;
}
