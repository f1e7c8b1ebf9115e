/**
 * Running what is not recorded: one build at a time runs a step of a given key, and whoever waited for it
 * takes its result.
 */
import { traced } from '../core/trace.ts';
import type { Vertex } from '../plan/vertex.ts';
import type { Answers } from './answers.ts';
import type { OpContext } from './op-runner.ts';
import type { Outcomes } from './outcomes.ts';
import { runVertex } from './run-vertex.ts';
import type { SolverServices } from './services.ts';
import type { StepKey, StepResult } from './step-result.ts';

/** The steps that this build runs, and their records. */
export interface StepRuns {
  /** What a step leaves: as it is recorded by now, or by running it. */
  answer(vertex: Vertex, key: StepKey, parent: StepResult): Promise<StepResult>;
  /** Records on their way to the disk, each with its lock. */
  readonly saving: readonly Promise<void>[];
}

/**
 * Runs steps under the lock of their key.
 *
 * @param context what every step that is run asks about its inputs
 */
export function createStepRuns(
  services: SolverServices,
  outcomes: Outcomes,
  answers: Pick<Answers, 'lookUp'>,
  context: OpContext,
): StepRuns {
  const { steps, ranHere, limiter } = services;
  const saving: Promise<void>[] = [];

  async function recorded(vertex: Vertex, key: StepKey, parent: StepResult): Promise<StepResult | undefined> {
    if (vertex.ignoresCache && !ranHere.has(key.digest)) return undefined;
    const known = await answers.lookUp(vertex, key, () => parent);
    if (known !== undefined) outcomes.cached(vertex);
    return known;
  }

  function sayWaiting({ label }: Vertex): void {
    const text = `${label}: another build is running this step, waiting for its result`;
    services.emit({ type: 'note', text, at: services.now() });
  }

  async function answer(vertex: Vertex, key: StepKey, parent: StepResult): Promise<StepResult> {
    const before = await recorded(vertex, key, parent);
    if (before !== undefined) return before;
    const lock = await traced('wait for lock', () =>
      steps.lock(key.digest, context.signal, () => sayWaiting(vertex)),
    );
    let saved = Promise.resolve();
    try {
      const meanwhile = await recorded(vertex, key, parent);
      if (meanwhile !== undefined) return meanwhile;
      const { result, record } = await limiter.run(() =>
        runVertex(services, outcomes, vertex, key, parent, context),
      );
      ranHere.add(key.digest);
      // The next step does not wait for the disk; whoever waits for the lock does.
      saved = traced('record step', () => steps.save(record));
      return result;
    } finally {
      const settling = saved.finally(() => lock.release());
      // Whoever waits for it in the end meets the failure.
      settling.catch(() => {});
      saving.push(settling);
    }
  }

  return { answer, saving };
}
