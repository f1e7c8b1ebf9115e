import type { Vertex, VertexID } from '../plan/vertex.ts';
import type { Graph } from './graph.ts';
import { once } from './once.ts';
import type { Outcomes } from './outcomes.ts';
import { findRecorded } from './recorded.ts';
import type { SolverServices } from './services.ts';
import type { StepKeys } from './step-keys.ts';
import { emptyResult, type StepKey, type StepResult } from './step-result.ts';

/** Results that are had without running anything. */
export interface Answers {
  /** The result of a vertex if neither it nor anything it needs has to run. */
  peek(id: VertexID): Promise<StepResult | undefined>;
  /**
   * The result that is recorded of a step; otherwise it is kept why there is none.
   *
   * @param parentOf what the step stands on, as far as this build has it; asked only when there is a record
   */
  lookUp(
    vertex: Vertex,
    key: StepKey,
    parentOf: () => StepResult | undefined | Promise<StepResult | undefined>,
  ): Promise<StepResult | undefined>;
}

/** Answers from base images and from records; each vertex is peeked at once. */
export function createAnswers(
  services: SolverServices,
  graph: Graph,
  outcomes: Outcomes,
  keys: Pick<StepKeys, 'assumed'>,
): Answers {
  const peeks = new Map<VertexID, Promise<StepResult | undefined>>();

  function baseResult(vertex: Vertex): StepResult {
    const stack = services.base(vertex).snapshots.map((snapshot) => ({ snapshot }));
    return { stack, isCached: true, durationMs: 0 };
  }

  const lookUp: Answers['lookUp'] = async (vertex, key, parentOf) => {
    const { result, refusal } = await findRecorded(services, key, parentOf);
    if (refusal !== undefined) outcomes.refused(vertex, refusal);
    return result;
  };

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

  return { peek, lookUp };
}
