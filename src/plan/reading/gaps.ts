import type { Gap } from '../../dockerfile/instruction.ts';
import type { StageNode } from '../stages/stage-node.ts';
import type { StageState } from './stage-state.ts';

/** The lines of a stage that could not be read, while those that could be are read. */
export interface Gaps {
  /** Reading goes on at this place: whatever the gaps before it may have set is unknown from here on. */
  passTo(start: number): void;
}

/** Follows the gaps of a stage, so that nothing is said of what a line does not find because of another line's error. */
export function openGaps({ stage, isReplaced }: StageNode, state: StageState): Gaps {
  const gaps = isReplaced ? [] : stage.gaps;
  let next = 0;
  return {
    passTo(start) {
      for (let gap = gaps[next]; gap !== undefined && gap.start <= start; gap = gaps[++next])
        leave(gap, state);
    },
  };
}

function leave({ kind }: Gap, state: StageState): void {
  if (kind === undefined || kind === 'env' || kind === 'arg') state.scope.lacks = 'lines';
  if (kind === undefined || kind === 'shell') state.config.shell ??= [];
  if (kind === undefined || kind === 'workdir') state.hasWorkdir = true;
}
