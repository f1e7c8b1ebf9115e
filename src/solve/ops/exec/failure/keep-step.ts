import type { Digest } from '../../../../core/digest.ts';
import type { VertexID } from '../../../../plan/vertex.ts';
import type { ActiveSnapshot, Stack } from '../../../../snapshot/snapshotter.ts';
import { freeBytes } from '../../../../sys/disk-usage.ts';
import type { StepServices } from '../step-services.ts';
import { type FailedStep, keepFailedStep } from './failed-step.ts';

/** On a disk that is nearly full, room is worth more than a look back. */
const leastRoom = 64 * 1024 * 1024;

/**
 * Publishes what a failed step left, for whoever wants to look into it.
 * @param active what it left; no more to be used when it is kept
 * @param failedAt milliseconds since the epoch
 * @returns whether it is kept
 */
export async function keepStep(
  services: StepServices,
  below: Stack,
  active: ActiveSnapshot,
  exitCode: number,
  failedAt: number,
): Promise<boolean> {
  const { vertex, settings, origins } = services;
  const { root, hosts, limits } = settings;
  const { snapshotter } = origins;
  // A step that was shown secrets may have left them anywhere.
  if (vertex.op.mounts.some(({ type }) => type === 'secret') || freeBytes(root) <= leastRoom) return false;
  const inputs = await inputsOf(services);
  const files = await contextFilesOf(services);
  const left = snapshotter.newID();
  await snapshotter.commit(active, left);
  const stack = [...below, left];
  let isKept = false;
  try {
    const failed = { vertex, stack, inputs, files, hosts, limits, exitCode, failedAt };
    isKept = await keepFailedStep(root, snapshotter, failed);
  } finally {
    if (!isKept) await snapshotter.remove(left);
  }
  return isKept;
}

async function inputsOf({ vertex, context }: StepServices): Promise<FailedStep['inputs']> {
  const inputs: Record<VertexID, Stack> = {};
  for (const input of vertex.inputs.slice(1)) {
    if (input !== undefined) inputs[input] = (await context.filesystem(input)) ?? [];
  }
  return inputs;
}

async function contextFilesOf({ vertex, context, chosen }: StepServices): Promise<FailedStep['files']> {
  const files: Record<string, Digest> = {};
  for (const mount of vertex.op.mounts) {
    if (mount.type !== 'bind' || mount.origin.kind !== 'context') continue;
    const digest = await chosen(mount).digest(context);
    if (digest !== undefined) files[mount.target] = digest;
  }
  return files;
}
