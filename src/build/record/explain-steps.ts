/** Why the steps of a build ran: each is held against the nearest earlier build of the same step. */
import type { BaseImage, Cause } from '../../cache/explain/cause.ts';
import { type CompareFiles, recipeChanges } from '../../cache/explain/recipe-changes.ts';
import type { Recipe } from '../../cache/recipe.ts';
import type { KeyDigest } from '../../core/digest.ts';
import type { VertexID } from '../../plan/vertex.ts';
import { alignSteps } from './align.ts';
import type { PlanRecord, RecordedStep } from './build-record.ts';

/** What is still known of steps that were recorded. */
export interface StepKnowledge {
  recipe(key: KeyDigest): Recipe | undefined;
  readonly compareFiles: CompareFiles;
  /** `--no-cache` or `--no-cache-filter`, whichever made steps run again. */
  readonly ignoreFlag: string;
}

/** An earlier build, with the step that corresponds to each of this one's. */
type Earlier = ReadonlyMap<VertexID, RecordedStep>;

/**
 * Explains every step that ran or failed.
 * @param earlier builds to compare with, the last one first: the one that shares most keys is the nearest. Those
 * for another platform only tell that the step is no new one.
 */
export function explainSteps(
  plan: PlanRecord,
  earlier: readonly PlanRecord[],
  knowledge: StepKnowledge,
): PlanRecord {
  const isSame = ({ platform }: PlanRecord) => platform === plan.platform;
  const aligned = earlier.filter(isSame).map((build) => alignSteps(plan, build));
  const foreign = earlier.filter((build) => !isSame(build));
  const nearest = aligned
    .map((build) => ({ build, shared: plan.steps.filter((step) => isSameKey(step, build)).length }))
    .sort((a, b) => b.shared - a.shared)
    .map(({ build }) => build);
  const steps = plan.steps.map((step) => {
    if (step.result !== 'run' && step.result !== 'failed') return step;
    // It never came to running: its error says why.
    if (step.result === 'failed' && step.key === undefined) return step;
    const causes = causesOf(step, plan, nearest, knowledge);
    const [only] = causes;
    const other = only?.kind === 'never-built' ? platformOf(step, plan, foreign) : undefined;
    return { ...step, causes: other === undefined ? causes : [other] };
  });
  return { ...plan, steps };
}

/** Says that the very same instruction was built for another platform. */
function platformOf(step: RecordedStep, plan: PlanRecord, foreign: readonly PlanRecord[]): Cause | undefined {
  const before = foreign.find((build) => alignSteps(plan, build).get(step.id)?.text === step.text);
  if (before === undefined) return undefined;
  return { kind: 'platform', from: before.platform, to: plan.platform };
}

function isSameKey({ id, key }: RecordedStep, build: Earlier): boolean {
  return key !== undefined && build.get(id)?.key === key;
}

function causesOf(
  step: RecordedStep,
  plan: PlanRecord,
  nearest: readonly Earlier[],
  knowledge: StepKnowledge,
): Cause[] {
  if (step.refusal === 'ignored') return [{ kind: 'ignored', flag: knowledge.ignoreFlag }];
  if (step.refusal === 'lost') return [{ kind: 'lost' }];
  if (step.refusal === 'moved') return [changedBelow(step, plan, nearest[0])];
  let last: Cause = { kind: 'never-built' };
  for (const build of nearest) {
    const before = build.get(step.id);
    if (before?.key === undefined) continue;
    // Farther away, only the very same instruction is the same step.
    if (build !== nearest[0] && before.text !== step.text) continue;
    if (before.key === step.key) return [{ kind: before.result === 'failed' ? 'failed-before' : 'lost' }];
    const [old, now] = [recipeOf(before, knowledge), recipeOf(step, knowledge)];
    if (old !== undefined && now !== undefined) {
      const causes = recipeChanges(old, now, knowledge.compareFiles);
      const below = standsOn(old) === standsOn(now) ? [] : [belowCause(step, old, now, plan, build)];
      const all = [...below, ...causes];
      return all.length > 0 ? all : [{ kind: 'other-keys' }];
    }
    last = { kind: 'forgotten' };
  }
  return [last];
}

function recipeOf({ recipe, key }: RecordedStep, knowledge: StepKnowledge): Recipe | undefined {
  return recipe ?? (key === undefined ? undefined : knowledge.recipe(key));
}

function standsOn({ parts }: Recipe): string | undefined {
  return parts.find(([name]) => name === 'on')?.[1];
}

function belowCause(step: RecordedStep, old: Recipe, now: Recipe, plan: PlanRecord, build: Earlier): Cause {
  const [from, to] = [baseOf(old), baseOf(now)];
  const isOnStep = plan.steps.some(({ id }) => id === step.below);
  if (isOnStep || (from === undefined && to === undefined)) return changedBelow(step, plan, build);
  const scratch: BaseImage = { reference: 'scratch', digest: '' };
  return { kind: 'base', from: from ?? scratch, to: to ?? scratch };
}

function baseOf({ notes = [] }: Recipe): BaseImage | undefined {
  const [reference, digest] = notes.find(([name]) => name === 'base')?.[1].split(' ') ?? [];
  return reference === undefined || digest === undefined ? undefined : { reference, digest };
}

/** The lowest step beneath that is not what it was: what is between only follows it. */
function changedBelow(step: RecordedStep, plan: PlanRecord, build: Earlier | undefined): Cause {
  const byID = new Map(plan.steps.map((each) => [each.id, each]));
  const belowOf = ({ below }: RecordedStep) => (below === undefined ? undefined : byID.get(below));
  let culprit = belowOf(step);
  for (let at = culprit; at !== undefined; at = belowOf(at)) {
    if (at.result === 'run' || build === undefined || !isSameKey(at, build)) culprit = at;
  }
  const label = culprit?.label ?? step.below ?? 'nothing';
  return { kind: 'step', label, ran: culprit?.result === 'run' };
}
