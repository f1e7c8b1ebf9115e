/** RUN: the process in a sandbox over the stack, and what it changed as a snapshot. */
import type { Part } from '../../../cache/recipe.ts';
import { selectFiles } from '../../../copy/select.ts';
import { assert } from '../../../core/assert.ts';
import { StepError } from '../../../core/errors.ts';
import type { EmitEvent } from '../../../core/event.ts';
import type { ExecOp, PlannedMount, Vertex } from '../../../plan/vertex.ts';
import { runStep } from '../../../sandbox/run-step.ts';
import type { StepExit, StepMount, StepRequest } from '../../../sandbox/step.ts';
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
      choice = chooseFiles(vertex, mount.origin, request, (tree) => selectFiles(tree, request), origins);
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
    const sandbox = await settings.sandbox();
    const opened = await openMounts(op.mounts, {
      vertex,
      settings,
      context,
      origins,
      chosen: chosenFor(vertex),
    });
    const output = (stream: 'stdout' | 'stderr') => (chunk: Uint8Array) =>
      emit({ type: 'output', id, stream, chunk, at: now() });
    try {
      const rootfs = snapshotter.mount(below, active);
      try {
        const { args, cwd, network, security, hostname } = op;
        const request: StepRequest = {
          rootfs,
          args,
          cwd,
          security,
          hostname,
          env: [...op.env, ...op.proxyEnv, ...opened.env],
          user: resolveUser(snapshotter.view(below), op.user),
          mounts: [...opened.mounts, ...scriptMounts(op)],
          network: { mode: network, hosts: settings.hosts },
          limits: settings.limits,
          onStdout: output('stdout'),
          onStderr: output('stderr'),
          signal: context.signal,
        };
        return await runStep(sandbox, request);
      } finally {
        snapshotter.unmount(rootfs);
      }
    } finally {
      await opened.release();
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
        hasSecret: (id) => settings.secret(id) !== undefined,
        hasSsh: settings.ssh.has,
        bindContent: (mount) => contents.get(mount) ?? '',
      });
      return { ...recipe, notes };
    },
    async run(vertex, below, context) {
      checkEntitlements(vertex.op, settings);
      await layers.ensureFiles(below, context.signal);
      const active = snapshotter.prepare(below);
      try {
        const exit = await runIn(vertex, below, active, context);
        if (exit.code !== 0) throw failure(vertex.op, exit, settings);
        for (const mount of vertex.op.mounts) {
          if (mount.type === 'bind') await chosenFor(vertex)(mount).keepList();
        }
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

/** A heredoc that names its interpreter is a file the step sees, not a command text (Dockerfile reference, 1.8). */
function scriptMounts({ script }: ExecOp): StepMount[] {
  if (script === undefined) return [];
  const content = Buffer.from(script.text);
  return [{ type: 'file', target: script.path, content, mode: 0o755, uid: 0, gid: 0 }];
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

function failure(op: ExecOp, { code, isOutOfMemory }: StepExit, { limits }: ExecSettings): StepError {
  const command = op.args.join(' ');
  const message = `process "${command}" did not complete successfully: exit code: ${code}`;
  if (isOutOfMemory !== true) return new StepError('step-failed', message);
  return new StepError(
    'step-out-of-memory',
    `${message}: it was killed for using more than ${limits.memoryBytes} bytes of memory`,
    { hint: 'give it more with --memory, or let it work on less at once' },
  );
}
