import type { StepView } from '../step-table.ts';
import { fitColumns } from '../text/fit-columns.ts';
import { harmlessText } from '../text/harmless-text.ts';
import { printSeconds } from '../text/quantities.ts';
import { printTransfer, type TransferView } from '../transfers.ts';

/** A step that runs, as the live view shows it. */
export interface RunningStep {
  readonly step: StepView;
  /** Its last lines of output, newest last. */
  readonly tail: string[];
  readonly transfers: Map<string, TransferView>;
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** Lines of output that the live view shows of one step at most. */
export const tailLength = 5;

/**
 * The steps that run now, newest output last: one line with a timer for each and below it what it said
 * last, as far as the screen has room. Every line is shorter than the screen is wide.
 */
export function printRunningSteps(running: readonly RunningStep[], screen: Screen, now: number): string[] {
  // One row for the heading, one for the cursor.
  const room = Math.max(1, screen.rows - 2);
  const shown = running.length > room ? running.slice(0, room - 1) : running;
  const detailsEach = shown.length === 0 ? 0 : Math.floor((room - shown.length) / shown.length);
  const lines: string[] = [];
  for (const each of shown) {
    lines.push(stepLine(each.step, printSeconds(now - each.step.startedAt), screen.columns));
    const details = [...transferLines(each), ...each.tail].slice(-Math.min(detailsEach, tailLength));
    if (detailsEach > 0)
      lines.push(...details.map((line) => `   ${fitColumns(line, screen.columns - 4)}`.trimEnd()));
  }
  if (shown.length < running.length) lines.push(`   … and ${running.length - shown.length} more`);
  return lines;
}

/** ` => [build 2/5] RUN make          3.2s`, one column short of the screen's width. */
export function stepLine(step: StepView, state: string, columns: number): string {
  const label = oneLine(step.label);
  return ` => ${fitColumns(label, Math.max(1, columns - state.length - 6))} ${state}`;
}

/** Text that takes one line and holds no control characters at all. */
export function oneLine(text: string): string {
  return harmlessText(text.replace(/[\n\t]/g, ' '), false);
}

/** With digests cut to what tells them apart: behind whole ones there is no room for the numbers. */
function transferLines({ transfers }: RunningStep): string[] {
  return [...transfers.values()].map((each) => {
    const name = oneLine(each.name).replace(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/, '$1');
    return `${name} ${printTransfer(each)}`;
  });
}
