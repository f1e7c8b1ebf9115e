import type { ProgressEvent } from '../core/event.ts';
import { LineJoiner, type OutputLine } from './text/line-joiner.ts';

/** What a renderer knows of one step. */
export interface StepView {
  readonly id: string;
  /** 1 for the step that was first to show a sign of life. */
  readonly number: number;
  label: string;
  startedAt: number;
}

/** Numbers steps in the order of their first appearance and joins their output to lines. */
export class StepTable {
  readonly #labels = new Map<string, string>();
  readonly #steps = new Map<string, StepView>();
  readonly #joiners = new Map<string, LineJoiner>();

  /** Steps known so far, those to come included. */
  get size(): number {
    return Math.max(this.#labels.size, this.#steps.size);
  }

  plan(event: ProgressEvent & { type: 'plan' }): void {
    for (const { id, label } of event.steps) {
      this.#labels.set(id, label);
      const known = this.#steps.get(id);
      if (known !== undefined) known.label = label;
    }
  }

  step(id: string, at: number): StepView {
    let step = this.#steps.get(id);
    if (step === undefined) {
      step = { id, number: this.#steps.size + 1, label: this.#labels.get(id) ?? id, startedAt: at };
      this.#steps.set(id, step);
    }
    return step;
  }

  output(event: ProgressEvent & { type: 'output' }): OutputLine[] {
    const key = `${event.stream} ${event.id}`;
    let joiner = this.#joiners.get(key);
    if (joiner === undefined) {
      joiner = new LineJoiner();
      this.#joiners.set(key, joiner);
    }
    return joiner.push(event.chunk, event.at);
  }

  /** What is left without a line end once a step is over. */
  rest(step: StepView, at: number): OutputLine[] {
    return ['stdout', 'stderr'].flatMap((stream) => {
      const key = `${stream} ${step.id}`;
      const lines = this.#joiners.get(key)?.end(at) ?? [];
      this.#joiners.delete(key);
      return lines;
    });
  }
}
