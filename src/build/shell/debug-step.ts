/** `strata debug`: back into the sandbox of the last step that failed, long after its build. */
import { assert } from '../../core/assert.ts';
import { HostError } from '../../core/errors.ts';
import type { ExecOp, Vertex } from '../../plan/vertex.ts';
import { openSandbox } from '../../sandbox/sandbox.ts';
import type { OverlayChoice } from '../../snapshot/mount/overlay-choice.ts';
import type { OpContext } from '../../solve/op-runner.ts';
import { type FailedStep, holdFailedStep, readFailedStep } from '../../solve/ops/exec/failure/failed-step.ts';
import type { StepServices } from '../../solve/ops/exec/step-services.ts';
import { inSetting } from '../../solve/ops/exec/step-setting.ts';
import { type BuildStore, openBuildStore } from '../store/build-store.ts';
import { watchDamage } from '../store/store-damage.ts';
import { openShell, type ShellPlace } from './shell.ts';

export interface DebugOptions {
  /** The state directory. */
  readonly root: string;
  readonly runtime: string;
  readonly snapshotter: OverlayChoice | undefined;
  /** Empty for a shell. */
  readonly command: readonly string[];
  readonly place: ShellPlace;
  readonly signal: AbortSignal;
  /** Told which step it is, before the shell opens. */
  onOpen(step: Pick<FailedStep, 'vertex' | 'exitCode' | 'failedAt'>): void;
  /** Takes a line about what this machine lacks. */
  tell(note: string): void;
}

/**
 * Opens a shell on the filesystem as the failed step left it, with its mounts, environment and limits. What is
 * changed there is thrown away.
 *
 * @returns the exit code of the shell or command
 * @throws HostError `no-failed-step`, `failed-step-busy`, `failed-step-pruned`; StepError `no-shell`
 */
export async function debugFailedStep(options: DebugOptions): Promise<number> {
  const { root, signal } = options;
  const failed = readFailedStep(root);
  if (failed === undefined) {
    throw new HostError('no-failed-step', `no failed step is kept in ${root}`, {
      hint: 'the last RUN that failed is kept until a prune, unless it was shown secrets: `strata build --on-failure=shell` opens a shell as it fails',
    });
  }
  const nothingElsewhere = {
    fetch: prunedAway,
    canFetch: () => false,
    disown: (_: unknown, error: Error) => error,
  };
  const damage = watchDamage(root, (event) => {
    if (event.type === 'warning') options.tell(event.diagnostic.message);
  });
  const overlay = { choice: options.snapshotter, tell: options.tell };
  const store = openBuildStore(root, nothingElsewhere, [], damage, overlay);
  const held = holdFailedStep(root);
  try {
    if (held === undefined) {
      throw new HostError('failed-step-busy', 'a build is just putting another failed step there', {
        hint: 'try again',
      });
    }
    if (!failed.stack.every((id) => store.layers.isAvailable(id))) return await prunedAway();
    await store.layers.ensureFiles(failed.stack, signal);
    return await shellIn(failed, store, options);
  } finally {
    held?.release();
    store.close();
  }
}

async function shellIn(failed: FailedStep, store: BuildStore, options: DebugOptions): Promise<number> {
  const { snapshotter, workspace } = store;
  const { signal, runtime, place, command, onOpen, tell } = options;
  const sandbox = await openSandbox(runtime, workspace.subdirectory('sandbox'), workspace.newName(), tell);
  try {
    const vertex = withoutAgents(failed.vertex);
    const active = snapshotter.prepare(failed.stack);
    try {
      const services = mountServices(failed, vertex, store, options);
      return await inSetting(failed.stack, active, services, (setting) => {
        onOpen(failed);
        return openShell(sandbox, { ...setting, signal }, place, command);
      });
    } finally {
      await snapshotter.discard(active);
    }
  } finally {
    await sandbox.close();
  }
}

/** The agents of the build are gone. */
function withoutAgents({ op, ...vertex }: Vertex<ExecOp>): Vertex<ExecOp> {
  return { ...vertex, op: { ...op, mounts: op.mounts.filter(({ type }) => type !== 'ssh') } };
}

/** What the step's mounts need, from what was kept of it instead of from a build. */
function mountServices(
  failed: FailedStep,
  vertex: Vertex<ExecOp>,
  { steps, fileLists, snapshotter, layers, workspace }: BuildStore,
  { root, signal }: DebugOptions,
): StepServices {
  const { inputs, files, hosts, limits } = failed;
  const context: OpContext = {
    signal,
    isPeeking: false,
    mayAssume: false,
    filesystem: async (input) => inputs[input],
    definition: async () => undefined,
  };
  return {
    vertex,
    context,
    origins: { steps, fileLists, snapshotter, layers, context: prunedAway, scratch: workspace.scratch },
    settings: {
      root,
      hosts,
      limits,
      sandbox: unasked,
      fillCacheMount: async () => false,
      secrets: new Map(),
      ssh: { has: () => false, socket: async () => undefined },
      allows: () => true,
    },
    chosen: ({ target }) => ({
      digest: async () => (target === undefined ? undefined : files[target]),
      selection: prunedAway,
      notes: async () => [],
      keepList: async () => {},
    }),
    onDetail: () => {},
  };
}

async function prunedAway(): Promise<never> {
  throw new HostError('failed-step-pruned', 'some of what the failed step stood on was pruned', {
    hint: 'build again: the step fails again, and is kept again',
  });
}

async function unasked(): Promise<never> {
  assert(false, 'mounts are opened outside of sandboxes');
}
