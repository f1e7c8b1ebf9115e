import type { ProgressEvent } from '../../core/event.ts';
import { StepTable } from '../../progress/step-table.ts';

/** What the step that failed printed last. */
export interface FailedOutput {
  readonly label: string;
  readonly lines: readonly string[];
  /** Lines before these. */
  readonly omitted: number;
}

export interface OutputTail {
  handle(event: ProgressEvent): void;
  /** Of the first step that failed; undefined when none did or it printed nothing. */
  failed(): FailedOutput | undefined;
}

/** Remembers the last `length` lines of every running step, for the report of a failure. */
export function openOutputTail(length: number): OutputTail {
  const table = new StepTable();
  const tails = new Map<string, { lines: string[]; total: number }>();
  let failed: FailedOutput | undefined;

  function add(id: string, lines: readonly { readonly text: string }[]): void {
    const tail = tails.get(id) ?? { lines: [], total: 0 };
    tails.set(id, tail);
    tail.total += lines.length;
    for (const { text } of lines.slice(-length)) tail.lines.push(text);
    tail.lines.splice(0, tail.lines.length - length);
  }

  return {
    handle(event) {
      if (event.type === 'plan') table.plan(event);
      else if (event.type === 'output') add(event.id, table.output(event));
      else if (event.type === 'step' && event.state !== 'started') {
        const step = table.step(event.id, event.at);
        add(event.id, table.rest(step, event.at));
        const { lines, total } = tails.get(event.id) ?? { lines: [], total: 0 };
        tails.delete(event.id);
        if (event.state === 'failed' && total > 0) {
          failed ??= { label: step.label, lines, omitted: total - lines.length };
        }
      }
    },
    failed: () => failed,
  };
}
