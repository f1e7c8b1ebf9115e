import type { ProgressEvent } from '../../core/event.ts';
import { printDiagnostic } from '../../core/source/diagnostic.ts';
import type { Renderer } from '../renderer.ts';
import { StepTable, type StepView } from '../step-table.ts';
import { printSummary } from '../summary.ts';
import { harmlessLines } from '../text/harmless-text.ts';
import { printSeconds } from '../text/quantities.ts';
import { movedOn } from '../transfers.ts';
import { liveArea } from './live-area.ts';
import {
  oneLine,
  printRunningSteps,
  type RunningStep,
  type Screen,
  stepLine,
  tailLength,
} from './live-view.ts';

export interface TtyOptions {
  readonly stream: NodeJS.WriteStream;
  readonly usesColors: boolean;
  /** Milliseconds since the epoch, for the timers of steps that run. */
  readonly now: () => number;
}

/**
 * A live view on a terminal: finished steps scroll up and stay, running ones stand below with their timers
 * and what they said last.
 */
export function ttyRenderer({ stream, usesColors, now }: TtyOptions): Renderer {
  const table = new StepTable();
  const running = new Map<StepView, RunningStep>();
  const live = liveArea(stream, usesColors, view);
  let finished = 0;
  let beganAt: number | undefined;

  function screen(): Screen {
    return { columns: stream.columns || 80, rows: stream.rows || 24 };
  }

  function view(): string {
    const at = now();
    const title = `${printSeconds(at - (beganAt ?? at))} (${finished}/${table.size})`;
    return [title, ...printRunningSteps([...running.values()], screen(), at)].join('\n');
  }

  function scroll(text: string): void {
    stream.write(`${text}\n`);
  }

  function start(step: StepView, at: number): void {
    step.startedAt = at;
    running.set(step, { step, tail: [], transfers: new Map() });
    live.show();
  }

  function finish(step: StepView, event: ProgressEvent & { type: 'step' }): void {
    running.delete(step);
    finished++;
    const state = event.state === 'done' ? printSeconds(event.at - step.startedAt) : event.state;
    scroll(paint(stepLine(step, state, screen().columns), event.state, usesColors));
  }

  function output(event: ProgressEvent & { type: 'output' }): void {
    const tail = running.get(table.step(event.id, event.at))?.tail;
    for (const { text } of table.output(event)) tail?.push(oneLine(text));
    tail?.splice(0, tail.length - tailLength);
  }

  function transfer(event: ProgressEvent & { type: 'transfer' }): void {
    const transfers = running.get(table.step(event.id, event.at))?.transfers;
    if (event.done === true) transfers?.delete(event.name);
    else transfers?.set(event.name, movedOn(event, transfers.get(event.name)));
  }

  return {
    handle(event: ProgressEvent): void {
      if ('at' in event) beganAt ??= event.at;
      switch (event.type) {
        case 'plan':
          table.plan(event);
          break;
        case 'step': {
          const step = table.step(event.id, event.at);
          if (event.state === 'started') start(step, event.at);
          else finish(step, event);
          break;
        }
        case 'output':
          output(event);
          break;
        case 'transfer':
          transfer(event);
          break;
        case 'warning':
          scroll(harmlessLines(printDiagnostic(event.diagnostic, screen().columns), false));
          break;
        case 'summary':
          scroll(printSummary(event.summary, screen().columns).join('\n'));
          break;
        case 'note':
          scroll(harmlessLines(event.text, usesColors));
          break;
      }
    },
    close: live.close,
  };
}

const colors: Partial<Record<string, string>> = { failed: '31', cached: '36', canceled: '33' };

function paint(text: string, state: string, usesColors: boolean): string {
  const color = colors[state];
  return usesColors && color !== undefined ? `\x1b[${color}m${text}\x1b[0m` : text;
}
