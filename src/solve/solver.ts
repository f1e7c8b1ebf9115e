/**
 * Work is demanded, never scheduled: the target asks for its filesystem, a miss asks for its inputs, and
 * everything is asked for once. A step whose result is recorded costs one look-up, and what stands
 * below it is not even looked at.
 */

import { maskRecipe } from '../cache/mask.ts';
import { keyOf, type Part, type Recipe } from '../cache/recipe.ts';
import type { StackLayer, StepCache, StepRecord } from '../cache/step-cache.ts';
import { assert } from '../core/assert.ts';
import type { Digest, KeyDigest } from '../core/digest.ts';
import { CanceledError, StrataError } from '../core/errors.ts';
import type { EmitEvent } from '../core/event.ts';
import type { Limiter } from '../core/limiter.ts';
import type { SourceText } from '../core/span.ts';
import type { Vertex, VertexID } from '../plan/vertex.ts';
import type { SnapshotID } from '../snapshot/snapshotter.ts';
import type { OpContext, OpRunner } from './op-runner.ts';

/** What a vertex left, and how we came by it. */
export interface StepResult {
  readonly stack: readonly StackLayer[];
  readonly isCached: boolean;
  /** Milliseconds since the epoch; absent for what did not run. */
  readonly startedAt?: number;
  readonly durationMs: number;
  /** The import that had it recorded; absent when it was this store, or the step ran. */
  readonly from?: string;
}

/**
 * Why what is recorded of a step's key did not answer: it was not to be asked (`ignored`), its snapshots
 * are gone (`lost`), or it stands on an earlier result of a step that this build ran again (`moved`).
 */
export type Refusal = 'ignored' | 'lost' | 'moved';

/** What became of a vertex, for records and explanations. */
export interface StepAccount {
  /** Absent when nobody had to know it. */
  readonly key?: StepKey;
  /** Absent when the build ended before it came to that. */
  readonly outcome?: 'cached' | 'run' | 'failed';
  /** Absent when nobody had to know it, or it failed. */
  readonly result?: StepResult;
  /** Of a step that ran although its key was recorded. */
  readonly refusal?: Refusal;
}

/** How far a question may go: nothing is run, nothing is run and old answers will do, or what must be run is. */
type Mode = 'peeking' | 'assuming' | 'solving';

interface StepRun {
  readonly result: StepResult;
  readonly record: StepRecord;
}

export interface StepKey {
  readonly digest: KeyDigest;
  readonly recipe: Recipe;
}

export interface SolverBase {
  readonly identity: string;
  /** Of its manifest: what a moved tag is told by. */
  readonly digest: Digest;
  readonly snapshots: readonly SnapshotID[];
}

export interface ImportedStep {
  /** It says where it is `from`. */
  readonly record: StepRecord;
  /** Makes its layers known to the store; false when that cannot be. */
  adopt(): Promise<boolean>;
}

export interface SolverServices {
  readonly vertices: ReadonlyMap<VertexID, Vertex>;
  readonly steps: StepCache;
  /** What is recorded elsewhere of a step; asked when the store has no answer. */
  imported(key: KeyDigest): readonly ImportedStep[];
  /** Whether a snapshot can still be had, as files or as a layer blob. */
  isAvailable(snapshot: SnapshotID): boolean;
  /** The filesystem of a base image, and its identity. */
  base(vertex: Vertex): SolverBase;
  runner(vertex: Vertex): OpRunner<Vertex['op']>;
  /** Called once for each step that was run, when its record is saved. */
  onResult(vertex: Vertex, result: StepResult): void;
  /** The Dockerfile, for errors. */
  readonly source: SourceText;
  readonly limiter: Limiter;
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
  now(): number;
}

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
  const { vertices, steps, emit } = services;
  const failure = new AbortController();
  const signal = AbortSignal.any([services.signal, failure.signal]);
  const forced = new Map<VertexID, boolean>();
  const peeks = new Map<VertexID, Promise<StepResult | undefined>>();
  const peekedKeys = new Map<VertexID, Promise<StepKey | undefined>>();
  const assumedKeys = new Map<VertexID, Promise<StepKey | undefined>>();
  const keys = new Map<VertexID, Promise<StepKey>>();
  const solutions = new Map<VertexID, Promise<StepResult>>();
  /** Steps whose outcome was told, or will be. */
  const told = new Map<VertexID, 'cached' | 'run' | 'failed' | 'running'>();
  const refusals = new Map<VertexID, Refusal>();
  /** Records on their way to the disk. */
  const saving: Promise<void>[] = [];

  function vertexOf(id: VertexID): Vertex {
    const vertex = vertices.get(id);
    assert(vertex !== undefined, `vertex ${id} is in the plan`);
    return vertex;
  }

  /** A vertex that has to run again, or stands on one, has no result before it has run. */
  function mustRun(vertex: Vertex): boolean {
    let must = forced.get(vertex.id);
    if (must === undefined) {
      must =
        vertex.ignoresCache || vertex.inputs.some((input) => input !== undefined && mustRun(vertexOf(input)));
      forced.set(vertex.id, must);
    }
    return must;
  }

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
      definition: (input) => definition(input, mode),
    };
  }

  /** Identity of the filesystem a vertex stands for: what it is, not how it turned out. */
  async function definition(id: VertexID | undefined, mode: Mode): Promise<string | undefined> {
    if (id === undefined) return 'scratch';
    const vertex = vertexOf(id);
    if (vertex.op.kind === 'image') return services.base(vertex).identity;
    const key = await keyIn[mode](vertex);
    if (key === undefined || !standsAlone(vertex)) return key?.digest;
    const below = await definition(vertex.inputs[0], mode);
    return below === undefined ? undefined : `${below} + ${key.digest}`;
  }

  async function makeKey(vertex: Vertex, mode: Mode): Promise<StepKey | undefined> {
    const own = await located(vertex, services.runner(vertex).recipe(vertex, contextFor(mode)));
    if (own === undefined) return undefined;
    const on = standsAlone(vertex) ? '' : await definition(vertex.inputs[0], mode);
    if (on === undefined) return undefined;
    const recipe: Recipe = {
      kind: own.kind,
      parts: [['on', on], ...own.parts],
      notes: [...baseNote(vertex), ...(own.notes ?? [])],
    };
    return { digest: keyOf(recipe), recipe };
  }

  /** The name and digest of the base image that a vertex stands on itself. */
  function baseNote(vertex: Vertex): Part[] {
    const below = vertex.inputs[0] === undefined ? undefined : vertexOf(vertex.inputs[0]);
    if (below?.op.kind !== 'image') return [];
    return [['base', `${below.op.reference} ${services.base(below).digest}`]];
  }

  /** The key as far as it is known without running anything. */
  function peekKey(vertex: Vertex): Promise<StepKey | undefined> {
    return once(peekedKeys, vertex.id, () => makeKey(vertex, 'peeking'));
  }

  /** The key it would have if stages that would have to run came to what they came to before. */
  function assumedKey(vertex: Vertex): Promise<StepKey | undefined> {
    return once(assumedKeys, vertex.id, async () => (await peekKey(vertex)) ?? makeKey(vertex, 'assuming'));
  }

  function fullKey(vertex: Vertex): Promise<StepKey> {
    return once(keys, vertex.id, async () => {
      const peeked = await peekKey(vertex);
      if (peeked !== undefined) return peeked;
      // What was assumed is true once a result was found by it: that result is the step's.
      const isAnswered = (await peek(vertex.id)) !== undefined;
      const key = await (isAnswered ? assumedKey(vertex) : makeKey(vertex, 'solving'));
      assert(key !== undefined, `the key of ${vertex.id} is known once its inputs are`);
      return key;
    });
  }

  const keyIn = { peeking: peekKey, assuming: assumedKey, solving: fullKey };

  /** The result of a vertex if it can be had without running anything. */
  function peek(id: VertexID): Promise<StepResult | undefined> {
    return once(peeks, id, async () => {
      const vertex = vertexOf(id);
      if (vertex.op.kind === 'image') return baseResult(vertex);
      if (mustRun(vertex)) return undefined;
      const key = await assumedKey(vertex);
      if (key === undefined) return undefined;
      return lookUp(vertex, key, () =>
        vertex.inputs[0] === undefined ? emptyResult : peek(vertex.inputs[0]),
      );
    });
  }

  /** The result that is recorded of a step, here or elsewhere; otherwise it is kept why there is none. */
  async function lookUp(
    vertex: Vertex,
    key: StepKey,
    parentOf: () => StepResult | undefined | Promise<StepResult | undefined>,
  ): Promise<StepResult | undefined> {
    const own = steps.find(key.digest);
    const imported = services.imported(key.digest);
    if (own === undefined && imported.length === 0) return undefined;
    const parent = await parentOf();
    const found = own === undefined ? undefined : hit(own, parent);
    if (typeof found === 'object') return found;
    for (const { record, adopt } of imported) {
      const other = hit(record, parent);
      if (typeof other === 'object' && (await adopt())) return { ...other, ...fromOf(record) };
    }
    if (found !== undefined) refusals.set(vertex.id, found);
    return undefined;
  }

  /**
   * A record answers when all its snapshots can be had and it stands on the very filesystem that this
   * build has below it: a parent that was run again may have turned out differently under the same key. One
   * from elsewhere brings its own filesystem along, unless this build ran the parent.
   */
  function hit(record: StepRecord, parent: StepResult | undefined): StepResult | Refusal | undefined {
    let stack = record.stack;
    if (record.standsAlone) {
      if (parent === undefined) return undefined;
      stack = [...parent.stack, ...record.stack];
    } else if (parent !== undefined && !isPrefix(parent.stack, record.stack)) {
      if (record.from === undefined || !parent.isCached) return 'moved';
    }
    if (!stack.every((layer) => services.isAvailable(layer.snapshot))) return 'lost';
    return { stack, isCached: true, durationMs: 0 };
  }

  function baseResult(vertex: Vertex): StepResult {
    const stack = services.base(vertex).snapshots.map((snapshot) => ({ snapshot }));
    return { stack, isCached: true, durationMs: 0 };
  }

  function solve(id: VertexID): Promise<StepResult> {
    return once(solutions, id, async () => {
      const vertex = vertexOf(id);
      const peeked = await peek(id);
      if (peeked !== undefined) {
        tellCached(vertex);
        return peeked;
      }
      const below = vertex.inputs[0];
      const [parent, key] = await Promise.all([
        below === undefined ? emptyResult : solve(below),
        fullKey(vertex),
      ]);
      return answer(vertex, key, parent);
    });
  }

  async function answer(vertex: Vertex, key: StepKey, parent: StepResult): Promise<StepResult> {
    const known = () => (vertex.ignoresCache ? undefined : lookUp(vertex, key, () => parent));
    const cached = (result: StepResult) => {
      tellCached(vertex);
      return result;
    };
    const before = await known();
    if (before !== undefined) return cached(before);
    const lock = await steps.lock(key.digest, signal);
    let saved = Promise.resolve();
    try {
      const meanwhile = await known();
      if (meanwhile !== undefined) return cached(meanwhile);
      const { result, record } = await services.limiter.run(() => run(vertex, key, parent));
      // The next step does not wait for the disk; whoever waits for the lock does.
      saved = steps.save(record);
      return result;
    } finally {
      saving.push(saved.finally(() => lock.release()));
    }
  }

  /** Only here is it known which line of the Dockerfile a failure belongs to. */
  async function located<T>(vertex: Vertex, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof StrataError) error.place ??= { source: services.source, span: vertex.span };
      throw error;
    }
  }

  /** With a step's result all it stands on is had as well: told in the order of the Dockerfile. */
  function tellCached(vertex: Vertex): void {
    if (told.has(vertex.id)) return;
    told.set(vertex.id, 'cached');
    for (const input of vertex.inputs) if (input !== undefined) tellCached(vertexOf(input));
    if (vertex.op.kind !== 'image')
      emit({ type: 'step', id: vertex.id, state: 'cached', at: services.now() });
  }

  async function run(vertex: Vertex, key: StepKey, parent: StepResult): Promise<StepRun> {
    const { id } = vertex;
    signal.throwIfAborted();
    told.set(id, 'running');
    if (vertex.ignoresCache) refusals.set(id, 'ignored');
    const started = services.now();
    emit({ type: 'step', id, state: 'started', at: started });
    try {
      const below = parent.stack.map((layer) => layer.snapshot);
      const snapshot = await located(
        vertex,
        services.runner(vertex).run(vertex, below, contextFor('solving')),
      );
      const createdAt = services.now();
      const durationMs = createdAt - started;
      const own: StackLayer = { snapshot, createdAt };
      const alone = standsAlone(vertex);
      const record: StepRecord = {
        key: key.digest,
        recipe: maskRecipe(key.recipe),
        label: vertex.label,
        stack: alone ? [own] : [...parent.stack, own],
        standsAlone: alone,
        durationMs,
      };
      const result: StepResult = {
        stack: [...parent.stack, own],
        isCached: false,
        startedAt: started,
        durationMs,
      };
      told.set(id, 'run');
      emit({ type: 'step', id, state: 'done', at: createdAt });
      services.onResult(vertex, result);
      return { result, record };
    } catch (error) {
      const state = signal.aborted ? 'canceled' : 'failed';
      if (state === 'failed') told.set(id, 'failed');
      const message = error instanceof Error ? error.message : String(error);
      emit({ type: 'step', id, state, at: services.now(), message });
      throw error;
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
      const found = new Map<VertexID, StepAccount>();
      for (const id of vertices.keys()) {
        const key =
          (await settled(keys.get(id))) ??
          (await settled(assumedKeys.get(id))) ??
          (await settled(peekedKeys.get(id)));
        const result = await settled(solutions.get(id));
        const outcome = told.get(id);
        const refusal = result?.isCached === true ? undefined : refusals.get(id);
        found.set(id, {
          ...(key === undefined ? {} : { key }),
          ...(result === undefined ? {} : { result }),
          ...(outcome === undefined || outcome === 'running' ? {} : { outcome }),
          ...(refusal === undefined ? {} : { refusal }),
        });
      }
      return found;
    },
  };
}

/** What a promise came to, nothing if it failed. */
async function settled<T>(promise: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}

function fromOf({ from }: StepRecord): { readonly from?: string } {
  return from === undefined ? {} : { from };
}

const emptyResult: StepResult = { stack: [], isCached: true, durationMs: 0 };

/** A linked copy makes the same layer whatever is below. */
function standsAlone(vertex: Vertex): boolean {
  return vertex.op.kind === 'copy' && vertex.op.isLink;
}

function isPrefix(short: readonly StackLayer[], long: readonly StackLayer[]): boolean {
  return (
    long.length === short.length + 1 &&
    short.every((layer, index) => layer.snapshot === long[index]?.snapshot)
  );
}

function once<T>(memory: Map<VertexID, Promise<T>>, id: VertexID, make: () => Promise<T>): Promise<T> {
  let known = memory.get(id);
  if (known === undefined) {
    known = make();
    // Whoever asked meets the failure; an unobserved copy of it must not end the process.
    known.catch(() => {});
    memory.set(id, known);
  }
  return known;
}
