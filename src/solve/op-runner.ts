/**
 * What the solver asks of an op, by kind. A runner is made for one build; what differs from question to question
 * comes in through `OpContext`.
 */
import type { Recipe } from '../cache/recipe.ts';
import type { Op, Vertex, VertexID } from '../plan/vertex.ts';
import type { SnapshotID, Stack } from '../snapshot/snapshotter.ts';

/** One question to a runner: how far it may go, and what it may ask of the inputs. */
export interface OpContext {
  readonly signal: AbortSignal;
  /**
   * The filesystem an input left. While a key is only being looked for (`isPeeking`), undefined says that
   * the input would have to run first.
   */
  filesystem(input: VertexID): Promise<Stack | undefined>;
  /** What the input is by definition, whether it has run or not. */
  definition(input: VertexID): Promise<string | undefined>;
  /** Nothing may be run for this question. */
  readonly isPeeking: boolean;
  /**
   * What an input that cannot be had without running it came to the last time may be taken for what it would
   * come to now: for looking up a result, never for naming one.
   */
  readonly mayAssume: boolean;
}

/** Knows one kind of op: what counts for its key, and how it is run. */
export interface OpRunner<O extends Op> {
  /**
   * The parts of the key beyond the filesystem the op stands on. Undefined, which only peeking may give,
   * says that an input has to run before the key is known.
   */
  recipe(vertex: Vertex<O>, context: OpContext): Promise<Recipe | undefined>;
  /**
   * Brings what the op needs of the filesystem it stands on: the time that takes is not the step's.
   * @returns what runs the op and publishes what it changed
   */
  prepare(vertex: Vertex<O>, below: Stack, context: OpContext): Promise<() => Promise<SnapshotID>>;
}
