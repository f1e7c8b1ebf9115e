/** One run of a RUN: its process in a sandbox over the stack, and what it changed as a snapshot. */
import { CanceledError, StepError } from '../../../core/errors.ts';
import type { EmitEvent } from '../../../core/event.ts';
import { traced } from '../../../core/trace.ts';
import type { ExecOp } from '../../../plan/vertex.ts';
import { foreignProgram } from '../../../sandbox/foreign-program.ts';
import { runStep } from '../../../sandbox/run-step.ts';
import type { StepExit } from '../../../sandbox/step.ts';
import type { ActiveSnapshot, SnapshotID, Stack } from '../../../snapshot/snapshotter.ts';
import { freeBytes } from '../../../sys/disk-usage.ts';
import { stepFailure, stepTimedOut } from './failure/failure.ts';
import { keepStep } from './failure/keep-step.ts';
import type { ExecSettings } from './settings.ts';
import type { StepServices } from './step-services.ts';
import { inSetting } from './step-setting.ts';

/** Who is told what steps print, and when that is (milliseconds since the epoch). */
export interface StepListener {
  readonly emit: EmitEvent;
  readonly now: () => number;
}

/**
 * Runs a step and publishes what it changed.
 * @throws StepError what became of it, where that is no success
 */
export async function runExec(
  below: Stack,
  services: StepServices,
  listener: StepListener,
): Promise<SnapshotID> {
  const { vertex, chosen, origins } = services;
  const { snapshotter } = origins;
  const active = traced('prepare', () => snapshotter.prepare(below));
  try {
    const exit = await runIn(below, active, services, listener).catch((error: unknown) => {
      throw error instanceof StepError ? (foreign(below, services) ?? error) : error;
    });
    if (exit.code !== 0) throw await failureOf(exit, below, active, services, listener.now());
    for (const mount of vertex.op.mounts) if (mount.type === 'bind') await chosen(mount).keepList();
    const id = snapshotter.newID();
    await traced('commit', () => snapshotter.commit(active, id));
    return id;
  } catch (error) {
    await snapshotter.discard(active);
    throw error;
  }
}

async function runIn(
  below: Stack,
  active: ActiveSnapshot,
  services: StepServices,
  { emit, now }: StepListener,
): Promise<StepExit> {
  const { vertex, settings, context } = services;
  const sandbox = await traced('open sandbox', settings.sandbox);
  const output = (stream: 'stdout' | 'stderr') => (chunk: Uint8Array) => {
    emit({ type: 'output', id: vertex.id, stream, chunk, at: now() });
    return settings.shown?.();
  };
  return inSetting(below, active, services, async (setting) => {
    const outputs = { onStdout: output('stdout'), onStderr: output('stderr') };
    const exit = await withStepTimeout(vertex.op, settings, context.signal, (signal) =>
      runStep(sandbox, { ...setting, ...outputs, signal }),
    );
    if (exit.code !== 0) await settings.onFailure?.(sandbox, vertex, setting);
    return exit;
  });
}

/** Why a step failed that ended with a code. What it left is kept, where that can be done. */
async function failureOf(
  exit: StepExit,
  below: Stack,
  active: ActiveSnapshot,
  services: StepServices,
  failedAt: number,
): Promise<Error> {
  const reason = foreign(below, services);
  if (reason !== undefined) return reason;
  const free = freeBytes(active.upper);
  // Why the step failed comes before whether it could be kept.
  const isKept = await keepStep(services, below, active, exit.code, failedAt).catch(() => false);
  return stepFailure(services.vertex.op, exit, services.settings, free, isKept);
}

/** Looked for only when a step failed: it is the rarest of reasons. */
function foreign(below: Stack, { vertex, origins }: StepServices): Error | undefined {
  const { args, env } = vertex.op;
  return foreignProgram(origins.snapshotter.view(below), args[0] ?? '', env);
}

async function withStepTimeout<T>(
  op: ExecOp,
  { stepTimeoutMs }: ExecSettings,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (stepTimeoutMs === undefined) return work(signal);
  const time = AbortSignal.timeout(stepTimeoutMs);
  try {
    return await work(AbortSignal.any([signal, time]));
  } catch (error) {
    throw error instanceof CanceledError && !signal.aborted ? stepTimedOut(op, stepTimeoutMs) : error;
  }
}
