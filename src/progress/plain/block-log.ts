import type { TextSink } from '../renderer.ts';
import type { StepView } from '../step-table.ts';
import type { Folding, Section } from './folding.ts';

/**
 * The log as blocks: lines of one step that stand together, a blank line between blocks, and around a
 * block's lines the marks of a log view that folds, if there is one.
 */
export class BlockLog {
  readonly #stream: TextSink;
  readonly #folding: Folding | undefined;
  #owner: StepView | undefined;
  #section: Section | undefined;
  #sections = 0;
  #isEmpty = true;

  constructor(stream: TextSink, folding: Folding | undefined) {
    this.#stream = stream;
    this.#folding = folding;
  }

  /** The step whose lines stand last. */
  get owner(): StepView | undefined {
    return this.#owner;
  }

  /** The line that introduces a step; where logs fold it is the one that stays visible. */
  open(step: StepView, heading: string, at: number): void {
    this.#enter(step, at);
    if (this.#folding === undefined) this.#stream.write(`${heading}\n`);
    else this.#unfold(heading, at);
  }

  lines(step: StepView, heading: string, lines: readonly string[], at: number): void {
    if (lines.length === 0) return;
    this.#enter(step, at);
    this.#unfold(`${heading} (continued)`, at);
    this.#stream.write(`${lines.join('\n')}\n`);
  }

  /** Lines that stay visible when the block is folded. */
  conclude(step: StepView, lines: readonly string[], at: number): void {
    this.#enter(step, at);
    this.#fold(at);
    this.#stream.write(`${lines.join('\n')}\n`);
  }

  /** Text that belongs to no step. */
  aside(text: string, at: number): void {
    this.close(at);
    this.#separate();
    this.#stream.write(`${text}\n`);
  }

  close(at: number): void {
    this.#fold(at);
    this.#owner = undefined;
  }

  #enter(step: StepView, at: number): void {
    if (this.#owner === step) return;
    this.close(at);
    this.#separate();
    this.#owner = step;
  }

  #separate(): void {
    if (!this.#isEmpty) this.#stream.write('\n');
    this.#isEmpty = false;
  }

  #unfold(title: string, at: number): void {
    if (this.#folding === undefined || this.#section !== undefined) return;
    this.#section = { name: `step_${++this.#sections}`, title };
    this.#stream.write(this.#folding.open(this.#section, at));
  }

  #fold(at: number): void {
    if (this.#section === undefined) return;
    this.#stream.write(this.#folding?.close(this.#section, at) ?? '');
    this.#section = undefined;
  }
}
