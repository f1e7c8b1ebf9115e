/** RUN: the process in a sandbox over the stack, and what it changed as a snapshot. */
import { CanceledError, StepError } from '../../../core/errors.ts';
import type { EmitEvent } from '../../../core/event.ts';
import { traced } from '../../../core/trace.ts';
import type { ExecOp, Vertex } from '../../../plan/vertex.ts';
import { foreignProgram } from '../../../sandbox/foreign-program.ts';
import { runStep } from '../../../sandbox/run-step.ts';
import type { StepExit } from '../../../sandbox/step.ts';
import type { ActiveSnapshot, SnapshotID, Stack } from '../../../snapshot/snapshotter.ts';
import { freeBytes } from '../../../sys/disk-usage.ts';
import type { OpContext, OpRunner } from '../../op-runner.ts';
import type { OriginServices } from '../../origin.ts';
import { checkEntitlements } from './entitlements.ts';
import { stepFailure, stepTimedOut } from './failure.ts';
import { keepStep } from './keep-step.ts';
import { boundFiles, mountedFiles } from './mounted-files.ts';
import type { MountServices } from './mounts.ts';
import { execRecipe } from './recipe.ts';
import type { ExecSettings } from './settings.ts';
import { inSetting } from './step-setting.ts';

/**
 * Runs RUN.
 * @param emit told what steps print
 * @param now milliseconds since the epoch
 */
export function execRunner(
  origins: OriginServices,
  settings: ExecSettings,
  emit: EmitEvent,
  now: () => number,
): OpRunner<ExecOp> {
  const { snapshotter, layers } = origins;
  const filesOf = mountedFiles(origins);

  async function run(vertex: Vertex<ExecOp>, below: Stack, context: OpContext): Promise<SnapshotID> {
    const services: MountServices = {
      vertex,
      settings,
      context,
      origins,
      chosen: (mount) => filesOf(vertex, mount),
      onDetail: (text) => emit({ type: 'note', text, isDetail: true, at: now() }),
    };
    const active = traced('prepare', () => snapshotter.prepare(below));
    try {
      const exit = await runIn(below, active, services).catch((error: unknown) => {
        throw error instanceof StepError ? (foreign(vertex.op, below) ?? error) : error;
      });
      if (exit.code !== 0) throw await failureOf(exit, below, active, services);
      for (const mount of vertex.op.mounts) {
        if (mount.type === 'bind') await filesOf(vertex, mount).keepList();
      }
      const id = snapshotter.newID();
      await traced('commit', () => snapshotter.commit(active, id));
      return id;
    } catch (error) {
      await snapshotter.discard(active);
      throw error;
    }
  }

  async function runIn(below: Stack, active: ActiveSnapshot, services: MountServices): Promise<StepExit> {
    const { vertex, context } = services;
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
    services: MountServices,
  ): Promise<Error> {
    const { op } = services.vertex;
    const reason = foreign(op, below);
    if (reason !== undefined) return reason;
    const free = freeBytes(active.upper);
    // Why the step failed comes before whether it could be kept.
    const isKept = await keepStep(services, below, active, exit.code, now()).catch(() => false);
    return stepFailure(op, exit, settings, free, isKept);
  }

  /** Looked for only when a step failed: it is the rarest of reasons. */
  function foreign({ args, env }: ExecOp, below: Stack): Error | undefined {
    return foreignProgram(snapshotter.view(below), args[0] ?? '', env);
  }

  return {
    async recipe(vertex, context) {
      const bound = await boundFiles(vertex, filesOf, context);
      if (bound === undefined) return undefined;
      const recipe = execRecipe(vertex.op, {
        hostNames: settings.hosts.map(([name]) => name),
        ulimits: settings.limits.ulimits,
        hasSecret: (id) => settings.secrets.get(id) !== undefined,
        hasSsh: settings.ssh.has,
        bindContent: (mount) => bound.digests.get(mount) ?? '',
      });
      return { ...recipe, notes: bound.notes };
    },
    async prepare(vertex, below, context) {
      checkEntitlements(vertex.op, settings);
      warmUp(vertex.op, settings);
      await layers.ensureFiles(below, context.signal);
      return () => run(vertex, below, context);
    },
  };
}

/** Opens what the step will need while the files it stands on are put in place; it meets any failure itself. */
function warmUp({ network }: ExecOp, settings: ExecSettings): void {
  settings.sandbox().then(
    ({ networks }) => {
      if (network === 'default') networks.prepare();
    },
    () => {},
  );
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
