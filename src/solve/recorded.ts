import type { StackLayer, StepRecord } from '../cache/step-cache.ts';
import type { SolverServices } from './services.ts';
import type { Refusal, StepKey, StepResult } from './step-result.ts';

/** What the records say of a step: its result, or why what is recorded is none. Neither: nothing is recorded. */
interface Recorded {
  readonly result?: StepResult;
  readonly refusal?: Refusal;
}

/**
 * The result that is recorded under a key, here or elsewhere.
 *
 * @param parentOf what the step stands on, as far as this build has it; asked only when there is a record
 */
export async function findRecorded(
  { steps, imported, isAvailable }: SolverServices,
  { digest }: StepKey,
  parentOf: () => StepResult | undefined | Promise<StepResult | undefined>,
): Promise<Recorded> {
  const own = steps.find(digest);
  const others = imported(digest);
  if (own === undefined && others.length === 0) return {};
  const parent = await parentOf();
  const answer = own === undefined ? {} : answerOf(own, parent, isAvailable);
  if (answer.result !== undefined) return answer;
  for (const { record, adopt } of others) {
    const { result } = answerOf(record, parent, isAvailable);
    if (result !== undefined && (await adopt())) return { result: { ...result, ...fromOf(record) } };
  }
  return answer;
}

/**
 * A record answers when all its snapshots can be had and it stands on the very filesystem that this
 * build has below it: a parent that was run again may have turned out differently under the same key. One
 * from elsewhere brings its own filesystem along, unless this build ran the parent.
 */
function answerOf(
  record: StepRecord,
  parent: StepResult | undefined,
  isAvailable: SolverServices['isAvailable'],
): Recorded {
  let stack = record.stack;
  if (record.standsAlone) {
    if (parent === undefined) return {};
    stack = [...parent.stack, ...record.stack];
  } else if (parent !== undefined && !isPrefix(parent.stack, record.stack)) {
    if (record.from === undefined || !parent.isCached) return { refusal: 'moved' };
  }
  if (!stack.every((layer) => isAvailable(layer.snapshot))) return { refusal: 'lost' };
  return { result: { stack, isCached: true, durationMs: 0 } };
}

function fromOf({ from }: StepRecord): { readonly from?: string } {
  return from === undefined ? {} : { from };
}

function isPrefix(short: readonly StackLayer[], long: readonly StackLayer[]): boolean {
  return (
    long.length === short.length + 1 &&
    short.every((layer, index) => layer.snapshot === long[index]?.snapshot)
  );
}
