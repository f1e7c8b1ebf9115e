/** RUN: the process in a sandbox over the stack, and what it changed as a snapshot. */
import { assert } from '../../../core/assert.ts';
import { bytePathFromText } from '../../../core/byte-path.ts';
import { StepError } from '../../../core/errors.ts';
import type { EmitEvent } from '../../../core/event.ts';
import type { ExecOp, PlannedMount, Vertex } from '../../../plan/vertex.ts';
import { runStep } from '../../../sandbox/run-step.ts';
import type { StepExit, StepMount } from '../../../sandbox/step.ts';
import { resolveUser } from '../../../sandbox/user.ts';
import type { ActiveSnapshot, Stack } from '../../../snapshot/snapshotter.ts';
import type { OpContext, OpRunner } from '../../op-runner.ts';
import { type ChosenFiles, chooseFiles, type OriginServices } from '../../origin.ts';
import { openMounts } from './mounts.ts';
import { execRecipe } from './recipe.ts';
import type { ExecSettings } from './settings.ts';

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
      const request = { sources: [mount.source], keepsParents: false, excludes: [], heredocs: [] };
      choice = chooseFiles(vertex, mount.origin, request, origins);
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
    const opened = await openMounts(op.mounts, {
      vertex,
      settings,
      context,
      origins,
      chosen: chosenFor(vertex),
    });
    const directory = settings.memory.directory();
    try {
      const rootfs = snapshotter.mount(below, active);
      try {
        return await runStep(
          {
            ...stepOf(op, settings),
            id: settings.stepID(),
            rootfs,
            upper: active.upper,
            directory,
            user: resolveUser(snapshotter.view(below), op.user),
            env: [...op.env, ...op.proxyEnv, ...opened.env],
            mounts: [...opened.mounts, ...scriptMount(op, settings)],
          },
          (stream, chunk) => emit({ type: 'output', id, stream, chunk, at: now() }),
          context.signal,
        );
      } finally {
        snapshotter.unmount(rootfs);
      }
    } finally {
      settings.memory.remove(directory);
      await opened.release();
    }
  }

  return {
    async recipe(vertex, context) {
      const chosen = chosenFor(vertex);
      const contents = new Map<PlannedMount, string>();
      for (const mount of vertex.op.mounts) {
        if (mount.type !== 'bind') continue;
        const digest = await chosen(mount).digest(context);
        if (digest === undefined) return undefined;
        contents.set(mount, digest);
      }
      const { addHosts, ulimits } = settings;
      return execRecipe(vertex.op, {
        addHosts,
        ulimits,
        hasSecret: (id) => settings.secret(id) !== undefined,
        hasSsh: (id) => settings.sshSocket(id) !== undefined,
        bindContent: (mount) => contents.get(mount) ?? '',
      });
    },
    async run(vertex, below, context) {
      checkEntitlements(vertex.op, settings);
      await layers.ensureFiles(below, context.signal);
      const active = snapshotter.prepare(below);
      try {
        const exit = await runIn(vertex, below, active, context);
        if (exit.kind !== 'exited' || exit.code !== 0) throw failure(vertex.op, exit);
        const id = snapshotter.newID();
        await snapshotter.commit(active, id);
        return id;
      } catch (error) {
        await snapshotter.discard(active);
        throw error;
      }
    },
  };
}

/** What the op and the build say of the process, as the sandbox takes it. */
function stepOf(op: ExecOp, settings: ExecSettings) {
  const { runtime, addHosts, ulimits, resources, shmSizeBytes, cgroupParent } = settings;
  const { args, cwd, network, security, hostname } = op;
  return {
    runtime,
    addHosts,
    ulimits,
    resources,
    shmSizeBytes,
    cgroupParent,
    args,
    cwd,
    network,
    security,
    hostname,
  };
}

/** A heredoc that names its interpreter is a file the step sees, not a command text (Dockerfile reference, 1.8). */
function scriptMount({ script }: ExecOp, { memory }: ExecSettings): StepMount[] {
  if (script === undefined) return [];
  const path = memory.write(Buffer.from(script.text), { uid: 0, gid: 0, mode: 0o755 });
  return [{ type: 'bind', source: bytePathFromText(path), target: script.path, isReadOnly: true }];
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

function failure(op: ExecOp, exit: StepExit): StepError {
  const how = exit.kind === 'exited' ? `exit code: ${exit.code}` : `killed by ${exit.signal}`;
  return new StepError('step-failed', `process "${op.args.join(' ')}" did not complete successfully: ${how}`);
}
