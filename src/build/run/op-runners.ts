import type { KeyDigest } from '../../core/digest.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Op } from '../../plan/vertex.ts';
import type { OpRunner } from '../../solve/op-runner.ts';
import { copyRunner } from '../../solve/ops/copy/copy.ts';
import type { EarlierCopies } from '../../solve/ops/earlier-copy.ts';
import { execRunner } from '../../solve/ops/exec/exec.ts';
import type { OriginServices } from '../../solve/ops/files/origin.ts';
import { mkdirRunner } from '../../solve/ops/mkdir.ts';
import { entryPublisher } from '../../solve/ops/publish.ts';
import type { StepTimes } from '../../solve/ops/step-times.ts';
import type { BuildInputs } from '../inputs/inputs.ts';
import { refusedSecrets } from '../secrets/read-secrets.ts';
import type { BuildSession } from '../session.ts';
import { execSettings } from './exec-settings.ts';
import type { PlanLayers } from './plan-layers.ts';
import { readVertices } from './read-vertices.ts';

/** Who runs which op of one plan. */
export function opRunners(
  plan: Plan,
  session: BuildSession,
  inputs: BuildInputs,
  { compression, isExported }: PlanLayers,
  earlier: EarlierCopies,
): (op: Op) => OpRunner<Op> {
  const { store, imports, io } = session;
  const { snapshotter, layers, blobs, steps, fileLists } = store;
  const origins: OriginServices = {
    steps: { ...steps, recall: (question: KeyDigest) => steps.recall(question) ?? imports.recall(question) },
    fileLists,
    snapshotter,
    layers,
    context: inputs.tree,
    scratch: store.workspace.scratch,
  };
  const read = readVertices(plan, compression === undefined);
  const publisher = entryPublisher({
    snapshotter,
    layers,
    blobs,
    earlier,
    compression,
    refused: refusedSecrets(session.secrets),
    isExported,
    isLookedAt: (vertex) => read.has(vertex.id),
  });
  const { epochSeconds } = plan.image;
  const times: StepTimes = {
    epochSeconds,
    createdAt: () => ({ seconds: epochSeconds ?? Math.floor(io.now() / 1000), nanoseconds: 0 }),
  };
  const exec = execRunner(origins, execSettings(session), io);
  const copy = copyRunner(origins, publisher, times, session.servers);
  const mkdir = mkdirRunner(layers, publisher, times);

  return ({ kind }) => {
    switch (kind) {
      case 'exec':
        return exec as OpRunner<Op>;
      case 'copy':
        return copy as OpRunner<Op>;
      case 'mkdir':
        return mkdir as OpRunner<Op>;
      case 'image':
        throw new Error('assertion failed: a base image is never run');
    }
  };
}
