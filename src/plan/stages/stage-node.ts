import type { Span } from '../../core/source/span.ts';
import type { Instruction, Stage } from '../../dockerfile/instruction.ts';
import type { StageSource } from './sources.ts';

/** An instruction in the place where it runs. */
export interface StageStep {
  readonly instruction: Instruction;
  /** Span of the FROM line that fired it; absent for the stage's own instructions. */
  readonly firedBy?: Span;
}

/** A stage with its FROM line settled: known for all stages before anything is asked of the resolver. */
export interface StageNode {
  readonly stage: Stage;
  readonly index: number;
  /** Its name, or `stage-N`. */
  readonly name: string;
  readonly base: StageSource;
  /** Its own instructions; none when a named context replaced it. */
  readonly own: readonly StageStep[];
  readonly isReplaced: boolean;
}
