/**
 * Work is demanded, never scheduled: the target asks for its filesystem, a miss asks for its inputs, and
 * everything is asked for once. A step whose result is recorded costs one look-up, and what stands
 * below it is not even looked at.
 */
import { CanceledError } from '../core/errors.ts';
import { onTrack, traced } from '../core/trace.ts';
import type { Vertex, VertexID } from '../plan/vertex.ts';
import { createGraph } from './graph.ts';
import { once, settled } from './once.ts';
import type { OpContext } from './op-runner.ts';
import { createOutcomes } from './outcomes.ts';
import { findRecorded } from './recorded.ts';
import { runVertex } from './run-vertex.ts';
import type { SolverServices } from './services.ts';
import { createStepKeys, type Mode } from './step-keys.ts';
import { emptyResult, type StepAccount, type StepKey, type StepResult } from './step-result.ts';

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
    isAnswered: async (id) => (await peek(id)) !== undefined,
    onFailure(vertex, error) {
      if (!signal.aborted) outcomes.failed(vertex, error, false);
    },
  });
  const peeks = new Map<VertexID, Promise<StepResult | undefined>>();
  const solutions = new Map<VertexID, Promise<StepResult>>();
  /** Records on their way to the disk. */
  const saving: Promise<void>[] = [];

  function contextFor(mode: Mode): OpContext {
    const isPeeking = mode !== 'solving';
    return {
      signal,
      isPeeking,
      mayAssume: mode === 'assuming',
      async filesystem(input) {
        const result = await (isPeeking ? peek(input) : solve(input));
        return result?.stack.map((layer) => layer.snapshot);
      },
      definition: (input) => keys.definition(input, mode),
    };
  }

  /** The result of a vertex if it can be had without running anything. */
  function peek(id: VertexID): Promise<StepResult | undefined> {
    return once(peeks, id, async () => {
      const vertex = graph.vertex(id);
      if (vertex.op.kind === 'image') return baseResult(vertex);
      if (graph.mustRun(vertex)) return undefined;
      const key = await keys.assumed(vertex);
      if (key === undefined) return undefined;
      const below = vertex.inputs[0];
      return lookUp(vertex, key, () => (below === undefined ? emptyResult : peek(below)));
    });
  }

  function baseResult(vertex: Vertex): StepResult {
    const stack = services.base(vertex).snapshots.map((snapshot) => ({ snapshot }));
    return { stack, isCached: true, durationMs: 0 };
  }

  /** The result that is recorded of a step; otherwise it is kept why there is none. */
  async function lookUp(
    vertex: Vertex,
    key: StepKey,
    parentOf: () => StepResult | undefined | Promise<StepResult | undefined>,
  ): Promise<StepResult | undefined> {
    const { result, refusal } = await findRecorded(services, key, parentOf);
    if (refusal !== undefined) outcomes.refused(vertex, refusal);
    return result;
  }

  function solve(id: VertexID): Promise<StepResult> {
    return once(solutions, id, async () => {
      const vertex = graph.vertex(id);
      const peeked = await peek(id);
      if (peeked !== undefined) {
        outcomes.cached(vertex);
        return peeked;
      }
      const below = vertex.inputs[0];
      const [parent, key] = await Promise.all([
        below === undefined ? emptyResult : solve(below),
        keys.full(vertex),
      ]);
      return onTrack(vertex.label, () => answer(vertex, key, parent));
    });
  }

  function sayWaiting({ label }: Vertex): void {
    const text = `${label}: another build is running this step, waiting for its result`;
    services.emit({ type: 'note', text, at: services.now() });
  }

  async function answer(vertex: Vertex, key: StepKey, parent: StepResult): Promise<StepResult> {
    const recorded = async () => {
      const mayAnswer = !vertex.ignoresCache || services.ranHere.has(key.digest);
      const known = mayAnswer ? await lookUp(vertex, key, () => parent) : undefined;
      if (known !== undefined) outcomes.cached(vertex);
      return known;
    };
    const before = await recorded();
    if (before !== undefined) return before;
    const lock = await traced('wait for lock', () =>
      services.steps.lock(key.digest, signal, () => sayWaiting(vertex)),
    );
    let saved = Promise.resolve();
    try {
      const meanwhile = await recorded();
      if (meanwhile !== undefined) return meanwhile;
      const { result, record } = await services.limiter.run(() =>
        runVertex(services, outcomes, vertex, key, parent, contextFor('solving')),
      );
      services.ranHere.add(key.digest);
      // The next step does not wait for the disk; whoever waits for the lock does.
      saved = traced('record step', () => services.steps.save(record));
      return result;
    } finally {
      const settling = saved.finally(() => lock.release());
      // Whoever waits for it in the end meets the failure.
      settling.catch(() => {});
      saving.push(settling);
    }
  }

  return {
    async solve(id) {
      try {
        return await solve(id);
      } catch (error) {
        failure.abort(error);
        await Promise.allSettled(solutions.values());
        await Promise.allSettled(saving);
        throw services.signal.aborted ? new CanceledError() : error;
      }
    },
    async finish() {
      await Promise.all(saving);
    },
    async accounts() {
      const accounts = new Map<VertexID, StepAccount>();
      for (const id of services.vertices.keys()) {
        const key = await keys.found(id);
        const result = await settled(solutions.get(id));
        accounts.set(id, {
          ...(key === undefined ? {} : { key }),
          ...(result === undefined ? {} : { result }),
          ...outcomes.of(id),
        });
      }
      return accounts;
    },
  };
}
