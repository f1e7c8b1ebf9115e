import type { StepView } from '../step-table.ts';

/** How long the lines of other steps may wait for the step that is printing. */
const holdMs = 200;
/** No more text than this waits. */
const maxHeldLength = 256 * 1024;

/** Lines of steps that wait a moment, each step's together, while another one is printing. */
export interface HeldLines {
  hold(step: StepView, lines: readonly string[]): void;
  /** What waits of one step, which is then no longer held. */
  take(step: StepView): readonly string[];
  /** Lets all of them out, in the order in which the steps began to wait. */
  release(): void;
}

/** @param print is given the lines of a step when they have waited long enough, or are too many */
export function holdLines(print: (step: StepView, lines: readonly string[]) => void): HeldLines {
  let held = new Map<StepView, string[]>();
  let heldLength = 0;
  let timer: NodeJS.Timeout | undefined;

  function release(): void {
    clearTimeout(timer);
    timer = undefined;
    heldLength = 0;
    const blocks = held;
    held = new Map();
    for (const [step, lines] of blocks) print(step, lines);
  }

  return {
    hold(step, lines) {
      const waiting = held.get(step) ?? [];
      held.set(step, waiting);
      for (const line of lines) {
        waiting.push(line);
        heldLength += line.length;
      }
      if (heldLength > maxHeldLength) release();
      else timer ??= setTimeout(release, holdMs).unref();
    },
    take(step) {
      const lines = held.get(step) ?? [];
      held.delete(step);
      return lines;
    },
    release,
  };
}
