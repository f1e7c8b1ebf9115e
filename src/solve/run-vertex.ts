import { maskRecipe } from '../cache/mask.ts';
import type { StackLayer, StepRecord } from '../cache/step-cache.ts';
import { traced } from '../core/trace.ts';
import type { Vertex } from '../plan/vertex.ts';
import { standsAlone } from './graph.ts';
import { located } from './located.ts';
import type { OpContext } from './op-runner.ts';
import type { Outcomes } from './outcomes.ts';
import type { SolverServices } from './services.ts';
import type { StepKey, StepResult } from './step-result.ts';

interface VertexRun {
  readonly result: StepResult;
  readonly record: StepRecord;
}

/** Runs one step on the filesystem it stands on. Its time begins when that is ready. */
export async function runVertex(
  services: SolverServices,
  outcomes: Outcomes,
  vertex: Vertex,
  key: StepKey,
  parent: StepResult,
  context: OpContext,
): Promise<VertexRun> {
  context.signal.throwIfAborted();
  const below = parent.stack.map((layer) => layer.snapshot);
  const prepare = () => services.runner(vertex).prepare(vertex, below, context);
  try {
    const run = await located(services.source, vertex, traced('wait for files', prepare));
    const startedAt = services.now();
    outcomes.started(vertex, startedAt);
    const snapshot = await located(services.source, vertex, traced(`step ${vertex.op.kind}`, run));
    const createdAt = services.now();
    const durationMs = createdAt - startedAt;
    const own: StackLayer = { snapshot, createdAt };
    const stack = [...parent.stack, own];
    const result: StepResult = { stack, isCached: false, startedAt, durationMs };
    outcomes.done(vertex, createdAt);
    services.onResult(vertex, result);
    return { result, record: recordOf(vertex, key, result, own) };
  } catch (error) {
    outcomes.failed(vertex, error, context.signal.aborted);
    throw error;
  }
}

function recordOf(vertex: Vertex, key: StepKey, result: StepResult, own: StackLayer): StepRecord {
  const alone = standsAlone(vertex);
  return {
    key: key.digest,
    recipe: maskRecipe(key.recipe),
    label: vertex.label,
    stack: alone ? [own] : result.stack,
    standsAlone: alone,
    durationMs: result.durationMs,
  };
}
