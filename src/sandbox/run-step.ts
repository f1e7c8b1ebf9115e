import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanBeneath } from '../core/byte-path.ts';
import { CanceledError, HostError, StepError } from '../core/errors.ts';
import { traced } from '../core/trace.ts';
import { type ProcessResult, spawnAtTerminal, spawnProcess } from '../sys/process/spawn.ts';
import { removeSmallTree } from '../sys/remove-tree.ts';
import { hasIds, moreIdsHint } from '../sys/user-namespace/id-map.ts';
import { writeBundle } from './bundle/write-bundle.ts';
import { prepareLimits } from './limits/cgroup-place.ts';
import { hastenGroupMove } from './limits/hasten-move.ts';
import { watchMemory } from './limits/out-of-memory.ts';
import { watchProcesses } from './limits/process-limit.ts';
import { removeCgroup } from './limits/step-cgroups.ts';
import { runtimeFailure } from './runtime-failure.ts';
import type { Sandbox } from './sandbox.ts';
import type { ShellRequest, StepExit, StepRequest, StepSetting } from './step.ts';

/** How long a canceled step may take to end by itself. Its changes are thrown away either way. */
const graceMs = 1_000;

/** The runtime's own; a step sees nothing of it. */
const runtimeEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/**
 * Runs one step in a container of its own and waits for it (spec 3.5, "Execution"). What its main process
 * leaves running ends with it. Mount points are made for the step and taken away again.
 *
 * @throws CanceledError when the signal ended it; StepError `command-not-found`, `command-not-executable`,
 *   `runtime-failed`, `mount-target`, `not-a-directory` when it never ran
 */
export function runStep(sandbox: Sandbox, request: StepRequest): Promise<StepExit> {
  return inContainer(sandbox, request, (args) =>
    spawnProcess(sandbox.runtime, args, {
      cage: sandbox.cage,
      env: runtimeEnvironment,
      onStdout: request.onStdout,
      onStderr: request.onStderr,
      outputOwner: request.user,
      graceMs,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    }),
  );
}

/**
 * The same for a person: the process has our standard streams, and a terminal of its own where they are one.
 *
 * @throws what `runStep` throws
 */
export function runShell(sandbox: Sandbox, request: ShellRequest): Promise<StepExit> {
  const { cage, runtime } = sandbox;
  const signal = request.signal === undefined ? {} : { signal: request.signal };
  return inContainer(sandbox, request, (args) =>
    spawnAtTerminal(runtime, args, { cage, env: runtimeEnvironment, ...signal }),
  );
}

async function inContainer(
  sandbox: Sandbox,
  request: StepSetting,
  start: (runtimeArgs: readonly string[]) => Promise<ProcessResult>,
): Promise<StepExit> {
  prepareLimits(sandbox.cgroups, request.limits);
  checkUser(request.user);
  hastenGroupMove();
  const id = sandbox.newContainerID();
  const cgroup = cgroupOf(id, sandbox, request);
  if (cgroup !== undefined) sandbox.madeCgroups.push(cgroup);
  const bundle = join(sandbox.directory, id);
  const loan =
    request.network.mode === 'default' ? await traced('network', () => sandbox.networks.borrow()) : undefined;
  mkdirSync(bundle);
  try {
    const removeMountPoints = traced('bundle', () => writeBundle(bundle, request, cgroup, loan?.path));
    const { memoryBytes, pidsLimit } = request.limits;
    const memory = memoryBytes === undefined || cgroup === undefined ? undefined : watchMemory(cgroup);
    const processes = pidsLimit === undefined || cgroup === undefined ? undefined : watchProcesses(cgroup);
    try {
      const exit = stepExit(
        await traced('container', () => runContainer(sandbox, id, bundle, start)),
        bundle,
        request,
        cgroup,
      );
      if (memory?.wasKilled(exit.code)) return { ...exit, metLimit: 'memory' };
      return (await processes?.wasRefused()) ? { ...exit, metLimit: 'processes' } : exit;
    } finally {
      memory?.stop();
      removeMountPoints();
    }
  } finally {
    removeSmallTree(bundle);
    loan?.giveBack(request.security === 'sandbox');
  }
}

/** Of a step, below the mount point of each hierarchy; undefined where it has none of its own. */
function cgroupOf(id: string, { cgroups }: Sandbox, { limits }: StepSetting): string | undefined {
  if (cgroups.parent === undefined) return undefined;
  return `/${cleanBeneath(`${cgroups.parent}/${cleanBeneath(limits.cgroupParent ?? '')}/${id}`)}`;
}

async function runContainer(
  sandbox: Sandbox,
  id: string,
  bundle: string,
  start: (runtimeArgs: readonly string[]) => Promise<ProcessResult>,
): Promise<ProcessResult> {
  const { runtime, cage } = sandbox;
  const state = join(sandbox.directory, 'runtime');
  const options = ['--root', state, '--log', join(bundle, 'log'), '--log-format', 'json'];
  const run = [...options, 'run', '--bundle', bundle, '--pid-file', join(bundle, 'pid'), id];
  try {
    return await start(run);
  } finally {
    // A runtime that had to be killed leaves its container running.
    if (existsSync(join(state, id))) {
      await spawnProcess(runtime, [...options, 'delete', '--force', id], { cage, env: runtimeEnvironment });
    }
  }
}

function stepExit(
  result: ProcessResult,
  bundle: string,
  request: StepSetting,
  cgroup: string | undefined,
): StepExit {
  switch (result.kind) {
    case 'canceled':
      throw new CanceledError();
    case 'not-started':
      throw new HostError(
        'runtime-not-started',
        `cannot start the container runtime: ${result.error.message}`,
        {
          cause: result.error,
        },
      );
    case 'signaled':
      throw new StepError('runtime-failed', `the container runtime was killed by ${result.signal}`, {
        hint: 'SIGKILL often means that the machine ran out of memory (dmesg says so)',
      });
    case 'exited':
      // Written when the step's process runs: what is wrong before that is the runtime's to tell.
      if (existsSync(join(bundle, 'pid'))) return { code: result.code };
      if (cgroup !== undefined) removeCgroup(cgroup);
      throw runtimeFailure(logOf(bundle), request.args[0] ?? '');
  }
}

/** @throws HostError `id-not-mapped` */
function checkUser({ uid, gid }: StepSetting['user']): void {
  if (hasIds(uid, gid)) return;
  throw new HostError(
    'id-not-mapped',
    `no step can run as user ${uid}, group ${gid}: too few subordinate ids`,
    {
      hint: moreIdsHint,
    },
  );
}

function logOf(bundle: string): string {
  const path = join(bundle, 'log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
