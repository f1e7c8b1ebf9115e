import type { ProgressEvent } from '../../core/event.ts';
import { printDiagnostic } from '../../core/source/diagnostic.ts';
import type { Renderer, TextSink } from '../renderer.ts';
import { StepTable, type StepView } from '../step-table.ts';
import { printSummary } from '../summary.ts';
import { harmlessLines, harmlessText } from '../text/harmless-text.ts';
import type { OutputLine } from '../text/line-joiner.ts';
import { printSeconds } from '../text/quantities.ts';
import { BlockLog } from './block-log.ts';
import type { Folding } from './folding.ts';
import { holdLines } from './held-lines.ts';
import { transferLines } from './transfer-lines.ts';

export interface PlainOptions {
  readonly stream: TextSink;
  /** Fold every step's lines; undefined for a log that nobody folds. */
  readonly folding?: Folding | undefined;
  /** Whether colours that a step prints are kept. */
  readonly keepsColors?: boolean;
}

/**
 * A log, in the form BuildKit made usual: every line starts with its step's number, and a blank line stands
 * where one step's lines end and another's begin. The output is whole, however long it is.
 *
 * Steps that run at the same time do not shred each other's lines: while one is printing, the lines of the
 * others wait a moment and then come as a block.
 */
export function plainRenderer({ stream, folding, keepsColors = true }: PlainOptions): Renderer {
  const table = new StepTable();
  const log = new BlockLog(stream, folding);
  const running = new Set<StepView>();
  const lineOf = transferLines();
  const waiting = holdLines(print);
  let now = 0;

  /** Prints at once when no other running step is printing. */
  function say(step: StepView, lines: readonly string[]): void {
    const { owner } = log;
    if (owner === undefined || owner === step || !running.has(owner)) print(step, lines);
    else waiting.hold(step, lines);
  }

  function print(step: StepView, lines: readonly string[]): void {
    log.lines(step, heading(step), lines, now);
  }

  function start(step: StepView): void {
    step.startedAt = now;
    running.add(step);
    log.open(step, heading(step), now);
  }

  function finish(step: StepView, verdict: string): void {
    const wasShown = running.delete(step);
    print(step, waiting.take(step));
    print(step, stamped(step, table.rest(step, now)));
    const line = `#${step.number} ${verdict}`;
    log.conclude(step, wasShown ? [line] : [heading(step), line], now);
    waiting.release();
  }

  function stamped(step: StepView, lines: readonly OutputLine[]): string[] {
    return lines.map(({ text, at }) => {
      const seconds = ((at - step.startedAt) / 1000).toFixed(3);
      return `#${step.number} ${seconds} ${harmlessText(text, keepsColors)}`.trimEnd();
    });
  }

  function transfer(event: ProgressEvent & { type: 'transfer' }): void {
    const step = table.step(event.id, now);
    const line = lineOf(event, step.startedAt, now);
    if (line !== undefined) say(step, [`#${step.number} ${line}`]);
  }

  function aside(text: string): void {
    waiting.release();
    log.aside(text, now);
  }

  return {
    handle(event: ProgressEvent): void {
      if ('at' in event) now = event.at;
      switch (event.type) {
        case 'plan':
          table.plan(event);
          break;
        case 'step': {
          const step = table.step(event.id, now);
          if (event.state === 'started') start(step);
          else finish(step, printVerdict(event, step));
          break;
        }
        case 'output': {
          const step = table.step(event.id, now);
          say(step, stamped(step, table.output(event)));
          break;
        }
        case 'transfer':
          transfer(event);
          break;
        case 'warning':
          aside(harmlessLines(printDiagnostic(event.diagnostic), false));
          break;
        case 'summary':
          aside(printSummary(event.summary).join('\n'));
          break;
        case 'note':
          aside(harmlessLines(event.text, keepsColors));
          break;
      }
    },
    close(): void {
      waiting.release();
      log.close(now);
    },
  };
}

function heading(step: StepView): string {
  return `#${step.number} ${harmlessText(step.label.replaceAll('\n', ' '), false)}`;
}

function printVerdict(event: ProgressEvent & { type: 'step' }, step: StepView): string {
  switch (event.state) {
    case 'cached':
      return 'CACHED';
    case 'canceled':
      return 'CANCELED';
    case 'failed':
      return event.message === undefined ? 'ERROR' : `ERROR: ${harmlessText(event.message, false)}`;
    default:
      return `DONE ${printSeconds(event.at - step.startedAt)}`;
  }
}
