import { existsSync } from 'node:fs';
import type { Workspace } from '../../build/store/workspace.ts';
import { canOpenTunnels, openTunnels } from '../../sandbox/network.ts';
import { runStep } from '../../sandbox/run-step.ts';
import { openSandbox } from '../../sandbox/sandbox.ts';
import type { StepMount } from '../../sandbox/step.ts';
import { findProgram } from '../../sys/probe.ts';
import { type Finding, fail, failedBy, ok, warn } from '../finding.ts';

/** The step's programs are those of the host: no image is needed. */
const systemDirectories = ['/bin', '/lib', '/lib64', '/usr', '/nix'];

/** Without any program but the shell: it says how its system calls are filtered (proc_pid_status(5)). */
const script =
  'while read -r name value; do [ "$name" != Seccomp: ] || echo "$value"; done < /proc/self/status';
const filtered = '2';

/** When the step began and its shell did not get on: of what it takes, only the runtime can be exchanged. */
const otherRuntime = 'apt-get install crun, and {"runtime": "crun"} in the configuration file';

/** Runs a step as a build does, in a workspace: in its namespaces, behind its seccomp profile, with its network. */
export async function trialStep(runtime: string, { scratch, newName }: Workspace): Promise<Finding[]> {
  // Said of it already.
  if (findProgram(runtime) === undefined) return [];
  const notes: string[] = [];
  let said = '';
  const collect = (chunk: Uint8Array) => {
    said += Buffer.from(chunk).toString();
  };
  try {
    const sandbox = await openSandbox(runtime, scratch(), newName(), (note) => notes.push(note));
    try {
      const { code } = await runStep(sandbox, {
        rootfs: scratch(),
        args: ['/bin/sh', '-c', script],
        env: [['PATH', '/usr/bin:/bin']],
        cwd: '/',
        user: { uid: 0, gid: 0, groups: [0], home: '/' },
        mounts: systemDirectories.filter(existsSync).map(shown),
        network: { mode: 'default', hosts: [] },
        security: 'sandbox',
        hostname: 'doctor',
        limits: { ulimits: [] },
        onStdout: collect,
        onStderr: collect,
      });
      const step =
        code === 0
          ? ok('step', 'runs in a container of its own')
          : fail('step', `fails: ${said.trim()}`, otherRuntime);
      return [step, ...(code === 0 ? [seccomp(said.trim())] : []), network(notes[0])];
    } finally {
      await sandbox.close();
    }
  } catch (error) {
    return [failedBy('step', error)];
  }
}

function shown(path: string): StepMount {
  return { type: 'bind', source: path, target: path, isReadOnly: true };
}

function seccomp(mode: string): Finding {
  return mode === filtered
    ? ok('seccomp', 'system calls are filtered')
    : fail('seccomp', 'system calls of steps are not filtered', 'use a kernel with CONFIG_SECCOMP_FILTER');
}

/** @param note why steps share the network of the host, if they do */
function network(note: string | undefined): Finding {
  if (note === undefined) return ok('network', 'steps have one of their own that reaches the outside');
  return warn('network', note, canOpenTunnels() ? 'apt-get install slirp4netns' : openTunnels);
}
