/**
 * Work is demanded, never scheduled: the target asks for its filesystem, a miss asks for its inputs, and
 * everything is asked for once. A step whose result is recorded costs one look-up, and what stands
 * below it is not even looked at.
 */
import { CanceledError } from '../core/errors.ts';
import { onTrack } from '../core/trace.ts';
import type { VertexID } from '../plan/vertex.ts';
import { createAnswers } from './answers.ts';
import { createGraph } from './graph.ts';
import { once, settled } from './once.ts';
import type { OpContext } from './op-runner.ts';
import { createOutcomes } from './outcomes.ts';
import type { SolverServices } from './services.ts';
import { createStepKeys, type Mode } from './step-keys.ts';
import { emptyResult, type StepAccount, type StepResult } from './step-result.ts';
import { createStepRuns } from './step-runs.ts';

/** Answers for the vertices of one plan. */
export interface Solver {
  /** The filesystem a vertex leaves, running what must be run. */
  solve(id: VertexID): Promise<StepResult>;
  /** Waits until every record is on disk. */
  finish(): Promise<void>;
  /** What became of every vertex, as far as it is known; also after a failure. */
  accounts(): Promise<ReadonlyMap<VertexID, StepAccount>>;
}

/** Makes a solver for one plan. The first failure stops all other work and is the one that is thrown. */
export function createSolver(services: SolverServices): Solver {
  const failure = new AbortController();
  const signal = AbortSignal.any([services.signal, failure.signal]);
  const graph = createGraph(services.vertices);
  const outcomes = createOutcomes(services, graph);
  const keys = createStepKeys(services, graph, {
    contextFor,
    isAnswered: async (id) => (await answers.peek(id)) !== undefined,
    onFailure(vertex, error) {
      if (!signal.aborted) outcomes.failed(vertex, error, false);
    },
  });
  const answers = createAnswers(services, graph, outcomes, keys);
  const runs = createStepRuns(services, outcomes, answers, contextFor('solving'));
  const solutions = new Map<VertexID, Promise<StepResult>>();

  function contextFor(mode: Mode): OpContext {
    const isPeeking = mode !== 'solving';
    return {
      signal,
      isPeeking,
      mayAssume: mode === 'assuming',
      async filesystem(input) {
        const result = await (isPeeking ? answers.peek(input) : solve(input));
        return result?.stack.map((layer) => layer.snapshot);
      },
      definition: (input) => keys.definition(input, mode),
    };
  }

  function solve(id: VertexID): Promise<StepResult> {
    return once(solutions, id, async () => {
      const vertex = graph.vertex(id);
      const peeked = await answers.peek(id);
      if (peeked !== undefined) {
        outcomes.cached(vertex);
        return peeked;
      }
      const below = vertex.inputs[0];
      const [parent, key] = await Promise.all([
        below === undefined ? emptyResult : solve(below),
        keys.full(vertex),
      ]);
      return onTrack(vertex.label, () => runs.answer(vertex, key, parent));
    });
  }

  async function account(id: VertexID): Promise<StepAccount> {
    const key = await keys.found(id);
    const result = await settled(solutions.get(id));
    return {
      ...(key === undefined ? {} : { key }),
      ...(result === undefined ? {} : { result }),
      ...outcomes.of(id),
    };
  }

  return {
    async solve(id) {
      try {
        return await solve(id);
      } catch (error) {
        failure.abort(error);
        await Promise.allSettled(solutions.values());
        await Promise.allSettled(runs.saving);
        throw services.signal.aborted ? new CanceledError() : error;
      }
    },
    async finish() {
      await Promise.all(runs.saving);
    },
    async accounts() {
      const accounts = new Map<VertexID, StepAccount>();
      for (const id of services.vertices.keys()) accounts.set(id, await account(id));
      return accounts;
    },
  };
}
