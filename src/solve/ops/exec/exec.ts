/** RUN: the process in a sandbox over the stack, and what it changed as a snapshot. */
import type { Part } from '../../../cache/recipe.ts';
import { selectFiles } from '../../../copy/select.ts';
import { assert } from '../../../core/assert.ts';
import type { Digest } from '../../../core/digest.ts';
import { CanceledError, StepError } from '../../../core/errors.ts';
import type { EmitEvent } from '../../../core/event.ts';
import { traced } from '../../../core/trace.ts';
import type { ExecOp, PlannedMount, Vertex, VertexID } from '../../../plan/vertex.ts';
import { foreignProgram } from '../../../sandbox/foreign-program.ts';
import { runStep } from '../../../sandbox/run-step.ts';
import type { StepExit } from '../../../sandbox/step.ts';
import type { ActiveSnapshot, SnapshotID, Stack } from '../../../snapshot/snapshotter.ts';
import { freeBytes } from '../../../sys/disk-usage.ts';
import type { OpContext, OpRunner } from '../../op-runner.ts';
import { type ChosenFiles, chooseFiles, type OriginServices } from '../../origin.ts';
import { hasRoom, keepFailedStep } from './failed-step.ts';
import { stepFailure, stepTimedOut } from './failure.ts';
import type { MountServices } from './mounts.ts';
import { execRecipe } from './recipe.ts';
import type { ExecSettings } from './settings.ts';
import { inSetting } from './step-setting.ts';

/**
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
  const choices = new Map<string, ChosenFiles>();

  /** What a mount with an origin shows, chosen once for key and run. */
  const chosenFor = (vertex: Vertex) => (mount: PlannedMount) => {
    assert(mount.type === 'bind' || mount.type === 'cache', 'only these mounts show files of others');
    const key = `${vertex.id} ${mount.target}`;
    let choice = choices.get(key);
    if (choice === undefined) {
      const request = {
        sources: [mount.source],
        isLiteral: true,
        keepsParents: false,
        excludes: [],
        heredocs: [],
      };
      choice = chooseFiles(
        vertex,
        mount.origin,
        request,
        { select: (tree) => selectFiles(tree, request) },
        origins,
      );
      choices.set(key, choice);
    }
    return choice;
  };

  async function runIn(
    vertex: Vertex<ExecOp>,
    below: Stack,
    active: ActiveSnapshot,
    context: OpContext,
  ): Promise<StepExit> {
    const { op, id } = vertex;
    const sandbox = await traced('open sandbox', settings.sandbox);
    const output = (stream: 'stdout' | 'stderr') => (chunk: Uint8Array) => {
      emit({ type: 'output', id, stream, chunk, at: now() });
      return settings.shown?.();
    };
    const services: MountServices = {
      vertex,
      settings,
      context,
      origins,
      chosen: chosenFor(vertex),
      onDetail: (text) => emit({ type: 'note', text, isDetail: true, at: now() }),
    };
    return inSetting(vertex, below, active, services, async (setting) => {
      const outputs = { onStdout: output('stdout'), onStderr: output('stderr') };
      const exit = await withStepTimeout(op, settings, context.signal, (signal) =>
        runStep(sandbox, { ...setting, ...outputs, signal }),
      );
      if (exit.code !== 0) await settings.onFailure?.(sandbox, vertex, setting);
      return exit;
    });
  }

  /** Publishes what a failed step left, for whoever wants to look into it; says whether that was done. */
  async function keep(
    vertex: Vertex<ExecOp>,
    below: Stack,
    active: ActiveSnapshot,
    exit: StepExit,
    context: OpContext,
  ): Promise<boolean> {
    // A step that was shown secrets may have left them anywhere.
    if (vertex.op.mounts.some(({ type }) => type === 'secret') || !hasRoom(settings.root)) return false;
    const inputs: Record<VertexID, Stack> = {};
    for (const input of vertex.inputs.slice(1)) {
      if (input !== undefined) inputs[input] = (await context.filesystem(input)) ?? [];
    }
    const files: Record<string, Digest> = {};
    for (const mount of vertex.op.mounts) {
      if (mount.type !== 'bind' || mount.origin.kind !== 'context') continue;
      const digest = await chosenFor(vertex)(mount).digest(context);
      if (digest !== undefined) files[mount.target] = digest;
    }
    const left = snapshotter.newID();
    await snapshotter.commit(active, left);
    const { root, hosts, limits } = settings;
    const stack = [...below, left];
    const failed = { vertex, stack, inputs, files, hosts, limits, exitCode: exit.code, failedAt: now() };
    let isKept = false;
    try {
      isKept = await keepFailedStep(root, snapshotter, failed);
    } finally {
      if (!isKept) await snapshotter.remove(left);
    }
    return isKept;
  }

  /** Looked for only when a step failed: it is the rarest of reasons. */
  const foreign = ({ args, env }: ExecOp, below: Stack) =>
    foreignProgram(snapshotter.view(below), args[0] ?? '', env);

  async function run(vertex: Vertex<ExecOp>, below: Stack, context: OpContext): Promise<SnapshotID> {
    const active = traced('prepare', () => snapshotter.prepare(below));
    try {
      const exit = await runIn(vertex, below, active, context).catch((error: unknown) => {
        throw error instanceof StepError ? (foreign(vertex.op, below) ?? error) : error;
      });
      if (exit.code !== 0) {
        const reason = foreign(vertex.op, below);
        if (reason !== undefined) throw reason;
        const free = freeBytes(active.upper);
        // Why the step failed comes before whether it could be kept.
        const isKept = await keep(vertex, below, active, exit, context).catch(() => false);
        throw stepFailure(vertex.op, exit, settings, free, isKept);
      }
      for (const mount of vertex.op.mounts) {
        if (mount.type === 'bind') await chosenFor(vertex)(mount).keepList();
      }
      const id = snapshotter.newID();
      await traced('commit', () => snapshotter.commit(active, id));
      return id;
    } catch (error) {
      await snapshotter.discard(active);
      throw error;
    }
  }

  return {
    async recipe(vertex, context) {
      const chosen = chosenFor(vertex);
      const contents = new Map<PlannedMount, string>();
      const notes: Part[] = [];
      for (const mount of vertex.op.mounts) {
        if (mount.type !== 'bind') continue;
        const digest = await chosen(mount).digest(context);
        if (digest === undefined) return undefined;
        contents.set(mount, digest);
        notes.push(['mount', JSON.stringify([mount.target, mount.source])]);
        notes.push(...(await chosen(mount).notes(context)));
      }
      const recipe = execRecipe(vertex.op, {
        hostNames: settings.hosts.map(([name]) => name),
        ulimits: settings.limits.ulimits,
        hasSecret: (id) => settings.secrets.get(id) !== undefined,
        hasSsh: settings.ssh.has,
        bindContent: (mount) => contents.get(mount) ?? '',
      });
      return { ...recipe, notes };
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

function checkEntitlements(op: ExecOp, { allows }: ExecSettings): void {
  const needed = [
    ...(op.network === 'host' ? (['network.host'] as const) : []),
    ...(op.security === 'insecure' ? (['security.insecure'] as const) : []),
    ...(op.devices.length > 0 ? (['device'] as const) : []),
  ];
  for (const entitlement of needed) {
    if (allows(entitlement)) continue;
    throw new StepError('not-entitled', `entitlement ${entitlement} is not allowed`, {
      hint: `allow it for this build with --allow ${entitlement}`,
    });
  }
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
