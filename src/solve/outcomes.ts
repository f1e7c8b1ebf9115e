import type { Vertex, VertexID } from '../plan/vertex.ts';
import type { Graph } from './graph.ts';
import type { SolverServices } from './services.ts';
import type { Refusal, StepAccount } from './step-result.ts';

/** Tells what becomes of each step, once, and remembers it. */
export interface Outcomes {
  /** With a step's result all it stands on is had as well: told in the order of the Dockerfile. */
  cached(vertex: Vertex): void;
  started(vertex: Vertex, at: number): void;
  done(vertex: Vertex, at: number): void;
  /**
   * For want of an input that failed for the same reason a step is not reached: that is the input's failure alone.
   * @param isCanceled it was stopped because something else failed, or the person wished it
   */
  failed(vertex: Vertex, error: unknown, isCanceled: boolean): void;
  refused(vertex: Vertex, why: Refusal): void;
  of(id: VertexID): Pick<StepAccount, 'outcome' | 'refusal'>;
}

/** Keeps what became of each vertex, and tells it as it happens. */
export function createOutcomes({ emit, now }: Pick<SolverServices, 'emit' | 'now'>, graph: Graph): Outcomes {
  const told = new Map<VertexID, 'cached' | 'run' | 'failed' | 'running'>();
  const refusals = new Map<VertexID, Refusal>();
  const reasons = new Set<unknown>();

  function cached({ id, inputs, op }: Vertex): void {
    if (told.has(id)) return;
    told.set(id, 'cached');
    for (const input of inputs) if (input !== undefined) cached(graph.vertex(input));
    if (op.kind !== 'image') emit({ type: 'step', id, state: 'cached', at: now() });
  }

  return {
    cached,
    started({ id, ignoresCache }, at) {
      told.set(id, 'running');
      if (ignoresCache) refusals.set(id, 'ignored');
      emit({ type: 'step', id, state: 'started', at });
    },
    done({ id }, at) {
      told.set(id, 'run');
      emit({ type: 'step', id, state: 'done', at });
    },
    failed({ id }, error, isCanceled) {
      // A step has more than one kind of key, and none of them may be there.
      if (told.get(id) === 'failed') return;
      if (!isCanceled) {
        if (reasons.has(error) && !told.has(id)) return;
        reasons.add(error);
        told.set(id, 'failed');
      }
      const message = error instanceof Error ? error.message : String(error);
      emit({ type: 'step', id, state: isCanceled ? 'canceled' : 'failed', at: now(), message });
    },
    refused({ id }, why) {
      refusals.set(id, why);
    },
    of(id) {
      const outcome = told.get(id);
      const refusal = outcome === 'cached' ? undefined : refusals.get(id);
      return {
        ...(outcome === undefined || outcome === 'running' ? {} : { outcome }),
        ...(refusal === undefined ? {} : { refusal }),
      };
    },
  };
}
