import type { Part } from '../../cache/recipe.ts';
import type { Timestamp } from '../../core/file-tree.ts';

/** The time of directories that a step has to make. */
export interface StepTimes {
  /** `SOURCE_DATE_EPOCH`, if the build was given one. */
  readonly epochSeconds: number | undefined;
  createdAt(): Timestamp;
}

/** A time that was asked for shows in the layer; the clock shows in whichever layer was made first. */
export function timeParts({ epochSeconds }: StepTimes): Part[] {
  return epochSeconds === undefined ? [] : [['epoch', String(epochSeconds)]];
}
