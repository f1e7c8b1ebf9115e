import { keyOf, type Part, type Recipe } from '../cache/recipe.ts';
import { assert } from '../core/assert.ts';
import { onTrack, traced } from '../core/trace.ts';
import type { Vertex, VertexID } from '../plan/vertex.ts';
import { type Graph, standsAlone } from './graph.ts';
import { located } from './located.ts';
import { once, settled } from './once.ts';
import type { OpContext } from './op-runner.ts';
import type { SolverServices } from './services.ts';
import type { StepKey } from './step-result.ts';

/** How far a question may go: nothing is run, nothing is run and old answers will do, or what must be run is. */
export type Mode = 'peeking' | 'assuming' | 'solving';

/** The cache keys of a plan's steps, each made once, and only as far as somebody asks. */
export interface StepKeys {
  /** The key it would have if stages that would have to run came to what they came to before. */
  assumed(vertex: Vertex): Promise<StepKey | undefined>;
  /** The key; runs what has to run before it is known. */
  full(vertex: Vertex): Promise<StepKey>;
  /** Identity of the filesystem a vertex stands for: what it is, not how it turned out. */
  definition(id: VertexID | undefined, mode: Mode): Promise<string | undefined>;
  /** What was found, if anybody asked and it did not fail. */
  found(id: VertexID): Promise<StepKey | undefined>;
}

/** What keys are made from besides the plan. */
interface KeySources {
  contextFor(mode: Mode): OpContext;
  /** Whether the result of a vertex can be had without running anything. */
  isAnswered(id: VertexID): Promise<boolean>;
  /** Is told of a vertex that has no key, and so will never run: a file it takes is not there, say. */
  onFailure(vertex: Vertex, error: unknown): void;
}

/** Makes the keys of steps, each once for each way of asking. */
export function createStepKeys(services: SolverServices, graph: Graph, sources: KeySources): StepKeys {
  const peekedKeys = new Map<VertexID, Promise<StepKey | undefined>>();
  const assumedKeys = new Map<VertexID, Promise<StepKey | undefined>>();
  const fullKeys = new Map<VertexID, Promise<StepKey>>();

  async function make(vertex: Vertex, mode: Mode): Promise<StepKey | undefined> {
    const ask = () => services.runner(vertex).recipe(vertex, sources.contextFor(mode));
    const asked = onTrack(vertex.label, () => traced('key', ask));
    const own = await located(services.source, vertex, asked).catch((error: unknown) => {
      sources.onFailure(vertex, error);
      throw error;
    });
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
    const below = vertex.inputs[0] === undefined ? undefined : graph.vertex(vertex.inputs[0]);
    if (below?.op.kind !== 'image') return [];
    return [['base', `${below.op.reference} ${services.base(below).digest}`]];
  }

  /** The key as far as it is known without running anything. */
  function peeked(vertex: Vertex): Promise<StepKey | undefined> {
    return once(peekedKeys, vertex.id, () => make(vertex, 'peeking'));
  }

  function assumed(vertex: Vertex): Promise<StepKey | undefined> {
    return once(assumedKeys, vertex.id, async () => (await peeked(vertex)) ?? make(vertex, 'assuming'));
  }

  function full(vertex: Vertex): Promise<StepKey> {
    return once(fullKeys, vertex.id, async () => {
      const known = await peeked(vertex);
      if (known !== undefined) return known;
      // What was assumed is true once a result was found by it: that result is the step's.
      const isAnswered = await sources.isAnswered(vertex.id);
      const key = await (isAnswered ? assumed(vertex) : make(vertex, 'solving'));
      assert(key !== undefined, `the key of ${vertex.id} is known once its inputs are`);
      return key;
    });
  }

  const keyIn = { peeking: peeked, assuming: assumed, solving: full };

  async function definition(id: VertexID | undefined, mode: Mode): Promise<string | undefined> {
    if (id === undefined) return 'scratch';
    const vertex = graph.vertex(id);
    if (vertex.op.kind === 'image') return services.base(vertex).identity;
    const key = await keyIn[mode](vertex);
    if (key === undefined || !standsAlone(vertex)) return key?.digest;
    const below = await definition(vertex.inputs[0], mode);
    return below === undefined ? undefined : `${below} + ${key.digest}`;
  }

  return {
    assumed,
    full,
    definition,
    async found(id) {
      return (
        (await settled(fullKeys.get(id))) ??
        (await settled(assumedKeys.get(id))) ??
        (await settled(peekedKeys.get(id)))
      );
    },
  };
}
