import type { Recipe } from '../cache/recipe.ts';
import type { StackLayer } from '../cache/step-cache.ts';
import type { KeyDigest } from '../core/digest.ts';
import type { Plan } from '../plan/plan.ts';
import type { VertexID } from '../plan/vertex.ts';

/** What a vertex left, and how we came by it. */
export interface StepResult {
  readonly stack: readonly StackLayer[];
  readonly isCached: boolean;
  /** Milliseconds since the epoch; absent for what did not run. */
  readonly startedAt?: number;
  readonly durationMs: number;
  /** The import that had it recorded; absent when it was this store, or the step ran. */
  readonly from?: string;
}

/** A cache key, and what it was made of. */
export interface StepKey {
  readonly digest: KeyDigest;
  readonly recipe: Recipe;
}

/**
 * Why what is recorded of a step's key did not answer: it was not to be asked (`ignored`), its snapshots
 * are gone (`lost`), or it stands on an earlier result of a step that this build ran again (`moved`).
 */
export type Refusal = 'ignored' | 'lost' | 'moved';

/** What became of a vertex, for records and explanations. */
export interface StepAccount {
  /** Absent when nobody had to know it. */
  readonly key?: StepKey;
  /** Absent when the build ended before it came to that. */
  readonly outcome?: 'cached' | 'run' | 'failed';
  /** Absent when nobody had to know it, or it failed. */
  readonly result?: StepResult;
  /** Of a step that ran although its key was recorded. */
  readonly refusal?: Refusal;
}

/** Of a step that stands on nothing: scratch. */
export const emptyResult: StepResult = { stack: [], isCached: true, durationMs: 0 };

/** What became of the vertices of one plan. */
export interface PlanAccounts {
  readonly plan: Plan;
  readonly accounts: ReadonlyMap<VertexID, StepAccount>;
}
