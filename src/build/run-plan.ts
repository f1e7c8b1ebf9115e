/** Wires the solver to one plan: who runs which op, which layers the image takes, what happens behind a step. */
import type { StackLayer } from '../cache/step-cache.ts';
import { assert } from '../core/assert.ts';
import type { KeyDigest } from '../core/digest.ts';
import { onTrack, traced } from '../core/trace.ts';
import type { StoredLayer } from '../oci/descriptor.ts';
import type { Plan } from '../plan/plan.ts';
import type { CopyOp, ExecOp, MkdirOp, Op } from '../plan/vertex.ts';
import type { OpRunner } from '../solve/op-runner.ts';
import { copyRunner } from '../solve/ops/copy.ts';
import { execRunner } from '../solve/ops/exec/exec.ts';
import { mkdirRunner } from '../solve/ops/mkdir.ts';
import { entryPublisher } from '../solve/publish.ts';
import { createSolver, type Solver } from '../solve/solver.ts';
import type { StepTimes } from '../solve/step-times.ts';
import { execSettings } from './exec-settings.ts';
import type { BuildInputs } from './inputs.ts';
import { layerChain } from './layer-chain.ts';
import type { LayerWish } from './output/output.ts';
import { readVertices } from './read-vertices.ts';
import { openLeakedLayers } from './secrets/leaked-layers.ts';
import { refusedSecrets } from './secrets/read-secrets.ts';
import type { BuildSession } from './session.ts';

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
  const compression = wish?.compression;
  const { store, bases, imports, io } = session;
  const { snapshotter, layers, blobs, steps, fileLists } = store;
  await imports.ready();
  const exported = new Set(compression === undefined ? [] : layerChain(plan));
  const read = readVertices(plan, compression === undefined);
  const origins = {
    steps: { ...steps, recall: (question: KeyDigest) => steps.recall(question) ?? imports.recall(question) },
    fileLists,
    snapshotter,
    layers,
    context: inputs.tree,
    scratch: store.workspace.scratch,
  };
  const publisher = entryPublisher({
    snapshotter,
    layers,
    blobs,
    compression,
    refused: refusedSecrets(session.secrets),
    isExported: (vertex) => exported.has(vertex.id),
    isLookedAt: (vertex) => read.has(vertex.id),
  });
  const { epochSeconds } = plan.image;
  const times: StepTimes = {
    epochSeconds,
    createdAt: () => ({ seconds: epochSeconds ?? Math.floor(io.now() / 1000), nanoseconds: 0 }),
  };
  const runners = {
    exec: execRunner(origins, execSettings(session), io.emit, io.now),
    copy: copyRunner(origins, publisher, times, session.servers),
    mkdir: mkdirRunner(layers, publisher, times),
  };
  const leaks = openLeakedLayers(inputs.dockerfile, snapshotter);
  const pack = async (stack: readonly StackLayer[]) => {
    assert(wish !== undefined, 'layers are asked for only where an image is wanted');
    const snapshots = stack.map((layer) => layer.snapshot);
    const ensure = wish.mayBeRemote ? layers.locateBlob : layers.ensureBlob;
    try {
      return await onTrack('layers', () =>
        traced('layer', () => ensure(snapshots, wish.compression, io.signal)),
      );
    } catch (error) {
      throw leaks.met(snapshots.at(-1) ?? '', error);
    }
  };
  const solver = createSolver({
    vertices: plan.vertices,
    steps,
    imported: (key) =>
      imports.find(key).map((found) => ({
        record: { ...found.record, from: found.from.name },
        adopt: () => imports.adopt(found, layers),
      })),
    isAvailable: (snapshot) =>
      bases.provides(snapshot) || layers.isAvailable(snapshot) || imports.provides(snapshot),
    base: ({ op }) => {
      assert(op.kind === 'image', 'only an image vertex is a base');
      return bases.of(op);
    },
    runner: ({ op }) => runnerOf(op, runners),
    onResult: (vertex, result) => {
      const made = result.stack.at(-1);
      if (made !== undefined) leaks.madeBy(made.snapshot, vertex);
      // Behind the next step; a failure is met again when the image asks for the layer.
      if (exported.has(vertex.id)) pack(result.stack).catch(() => {});
    },
    source: inputs.dockerfile,
    ranHere: session.ranHere,
    limiter: session.limiter,
    emit: io.emit,
    signal: io.signal,
    now: io.now,
  });
  const stack = await solvePlan(plan, solver, session);
  const baseCount = plan.image.base?.diffIDs.length ?? 0;
  return {
    stack,
    async files() {
      const snapshots = stack.map((layer) => layer.snapshot);
      await layers.ensureFiles(snapshots, io.signal);
      try {
        for (let count = baseCount + 1; count <= snapshots.length; count++) {
          const below = snapshots.slice(0, count);
          await layers.lookThrough(below, io.signal).catch((error: unknown) => {
            throw leaks.met(below.at(-1) ?? '', error);
          });
        }
      } finally {
        await leaks.remove();
      }
    },
    async layers() {
      const packed = await Promise.allSettled(
        stack.slice(baseCount).map((_, index) => pack(stack.slice(0, baseCount + index + 1))),
      );
      await leaks.remove();
      return packed.map((each) => {
        if (each.status === 'rejected') throw each.reason;
        return each.value;
      });
    },
  };
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

type Runners = { exec: OpRunner<ExecOp>; copy: OpRunner<CopyOp>; mkdir: OpRunner<MkdirOp> };

function runnerOf(op: Op, runners: Runners): OpRunner<Op> {
  switch (op.kind) {
    case 'exec':
      return runners.exec as OpRunner<Op>;
    case 'copy':
      return runners.copy as OpRunner<Op>;
    case 'mkdir':
      return runners.mkdir as OpRunner<Op>;
    case 'image':
      throw new Error('assertion failed: a base image is never run');
  }
}
