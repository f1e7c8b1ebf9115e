/** Wires the solver to one plan: who runs which op, what answers instead, what happens behind a step. */
import type { StackLayer } from '../../cache/step-cache.ts';
import { assert } from '../../core/assert.ts';
import type { KeyDigest } from '../../core/digest.ts';
import type { StoredLayer } from '../../oci/descriptor.ts';
import type { Plan } from '../../plan/plan.ts';
import { openEarlierCopies } from '../../solve/ops/earlier-copy.ts';
import type { ImportedStep } from '../../solve/services.ts';
import { createSolver, type Solver } from '../../solve/solver.ts';
import type { BuildInputs } from '../inputs/inputs.ts';
import type { LayerWish } from '../output/output.ts';
import type { BuildSession } from '../session.ts';
import { opRunners } from './op-runners.ts';
import { openPlanLayers } from './plan-layers.ts';

export interface PlanOutcome {
  /** The filesystem of the image. */
  readonly stack: readonly StackLayer[];
  /** The layers above the base, lowest first. */
  layers(): Promise<readonly StoredLayer[]>;
  /** Puts the files of the image in place, for outputs that are files; looks for secrets in those that are new. */
  files(): Promise<void>;
}

/**
 * Runs what the plan's target needs. Layers of finished steps are packed while later steps run.
 * @param wish undefined when only files are wanted
 */
export async function runPlan(
  plan: Plan,
  session: BuildSession,
  inputs: BuildInputs,
  wish: LayerWish | undefined,
): Promise<PlanOutcome> {
  const { store, bases, imports, io } = session;
  await imports.ready();
  const layers = openPlanLayers(plan, session, inputs.dockerfile, wish);
  const earlier = openEarlierCopies(store.snapshotter, store.layers.facts, store.steps);
  const runnerOf = opRunners(plan, session, inputs, layers, earlier);
  const solver = createSolver({
    vertices: plan.vertices,
    steps: store.steps,
    imported: (key) => importedSteps(key, session),
    isAvailable: (snapshot) =>
      bases.provides(snapshot) || store.layers.isAvailable(snapshot) || imports.provides(snapshot),
    base({ op }) {
      assert(op.kind === 'image', 'only an image vertex is a base');
      return bases.of(op);
    },
    runner: ({ op }) => runnerOf(op),
    onResult: (vertex, { stack }) => layers.made(vertex, stack),
    source: inputs.dockerfile,
    ranHere: session.ranHere,
    limiter: session.limiter,
    emit: io.emit,
    signal: io.signal,
    now: io.now,
  });
  const stack = await solvePlan(plan, solver, session).catch(async (error: unknown) => {
    // The next try copies nearly the same files. Nothing is written once the store is closed, and the first error counts.
    await earlier.finish().catch(() => {});
    throw error;
  });
  await earlier.finish();
  return { stack, layers: () => layers.packed(stack), files: () => layers.files(stack) };
}

function importedSteps(key: KeyDigest, { imports, store }: BuildSession): ImportedStep[] {
  return imports.find(key).map((found) => ({
    record: { ...found.record, from: found.from.name },
    adopt: () => imports.adopt(found, store.layers),
  }));
}

/** The filesystem of the target. What became of the steps is written down however it ends. */
async function solvePlan(plan: Plan, solver: Solver, session: BuildSession): Promise<readonly StackLayer[]> {
  try {
    const stack = plan.target === undefined ? [] : (await solver.solve(plan.target)).stack;
    await solver.finish();
    return stack;
  } finally {
    session.accounts.push({ plan, accounts: await solver.accounts() });
  }
}
