import type { VertexID } from '../../plan/vertex.ts';
import type { PlanRecord, RecordedStep } from './build-record.ts';

/**
 * Which step of an earlier build was the same as each of this one: in every stage those with the same text
 * in the same order, and between them, one after the other, those with the same instruction.
 */
export function alignSteps(now: PlanRecord, before: PlanRecord): ReadonlyMap<VertexID, RecordedStep> {
  const pairs = new Map<VertexID, RecordedStep>();
  const earlier = byStage(before);
  for (const [stage, steps] of byStage(now)) {
    for (const [step, old] of alignStage(steps, earlier.get(stage) ?? [])) pairs.set(step.id, old);
  }
  return pairs;
}

function byStage({ steps }: PlanRecord): Map<string, RecordedStep[]> {
  const stages = new Map<string, RecordedStep[]>();
  for (const step of steps) {
    const known = stages.get(step.stage);
    if (known === undefined) stages.set(step.stage, [step]);
    else known.push(step);
  }
  return stages;
}

type Pair = readonly [now: RecordedStep, before: RecordedStep];

function alignStage(now: readonly RecordedStep[], before: readonly RecordedStep[]): Pair[] {
  const pairs: Pair[] = [];
  let [from, to] = [0, 0];
  for (const [i, j] of [...commonTexts(now, before), [now.length, before.length] as const]) {
    pairs.push(...pairChanged(now.slice(from, i), before.slice(to, j)));
    const [step, old] = [now[i], before[j]];
    if (step !== undefined && old !== undefined) pairs.push([step, old]);
    from = i + 1;
    to = j + 1;
  }
  return pairs;
}

/** The longest common subsequence of the texts, as indices. */
function commonTexts(now: readonly RecordedStep[], before: readonly RecordedStep[]): [number, number][] {
  // lengths[i][j]: of the longest one of now[i…] and before[j…].
  const lengths = Array.from({ length: now.length + 1 }, () => new Uint16Array(before.length + 1));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  const isSame = (i: number, j: number) => now[i]?.text === before[j]?.text;
  for (let i = now.length - 1; i >= 0; i--) {
    for (let j = before.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row !== undefined)
        row[j] = isSame(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: [number, number][] = [];
  for (let i = 0, j = 0; i < now.length && j < before.length; ) {
    if (isSame(i, j)) found.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return found;
}

/** Steps between two that stayed: the k-th RUN is the k-th RUN of then. */
function pairChanged(now: readonly RecordedStep[], before: readonly RecordedStep[]): Pair[] {
  const left = [...before];
  return now.flatMap((step): Pair[] => {
    const index = left.findIndex((old) => keyword(old) === keyword(step));
    const old = index < 0 ? undefined : left.splice(0, index + 1).at(-1);
    return old === undefined ? [] : [[step, old]];
  });
}

function keyword({ text }: RecordedStep): string {
  return /^\S*/.exec(text)?.[0].toUpperCase() ?? '';
}
