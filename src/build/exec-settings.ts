/** What the options of a build mean for its RUN steps. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, UsageError } from '../core/errors.ts';
import { openMemoryFiles } from '../solve/ops/exec/memory-files.ts';
import type { ExecSettings } from '../solve/ops/exec/settings.ts';
import { requireProgram } from '../sys/probe.ts';
import type { BuildIO, BuildOptions, SecretSpec } from './options.ts';
import type { BuildStore } from './store.ts';

/** @throws UsageError `secret-unreadable` */
export function execSettings(options: BuildOptions, store: BuildStore, io: BuildIO): ExecSettings {
  const { workspace } = store;
  const secrets = new Map(options.secrets.map((spec) => [spec.id, readSecret(spec, io)]));
  const { addHosts, ulimits, resources, shmSizeBytes, cgroupParent } = options.run;
  let runtime: string | undefined;
  let count = 0;
  return {
    root: options.root,
    stepID: () => `strata-${workspace.id}-${count++}`,
    memory: openMemoryFiles(join(workspace.directory, 'memory')),
    // Looked for when the first step runs: a build without RUN, or answered from the cache, needs none.
    get runtime() {
      runtime ??= requireProgram(
        options.runtime,
        `install ${options.runtime}, or name another with --runtime`,
      );
      return runtime;
    },
    addHosts,
    ulimits,
    resources,
    shmSizeBytes,
    cgroupParent,
    secret: (id) => secrets.get(id),
    sshSocket: (id) => sshSocket(id, options, io),
    allows: (entitlement) => options.allow.includes(entitlement),
  };
}

/** Undefined when the environment has no such variable: then the secret is missing. */
function readSecret(spec: SecretSpec, io: BuildIO): Uint8Array | undefined {
  if ('env' in spec) {
    const value = io.env[spec.env];
    return value === undefined ? undefined : Buffer.from(value);
  }
  try {
    return readFileSync(spec.source);
  } catch (cause) {
    throw new UsageError('secret-unreadable', `--secret id=${spec.id}: cannot read "${spec.source}"`, {
      hint: (cause as Error).message,
      cause,
    });
  }
}

/** An agent's socket; keys that are files need an agent of their own. */
function sshSocket(id: string, options: BuildOptions, io: BuildIO): string | undefined {
  const spec = options.ssh.find((each) => each.id === id);
  if (spec === undefined) return undefined;
  const [path] = spec.paths;
  if (path !== undefined) return path;
  const socket = io.env.SSH_AUTH_SOCK;
  if (socket !== undefined && socket !== '') return socket;
  throw new HostError('no-ssh-agent', `--ssh ${id}: $SSH_AUTH_SOCK is not set`, {
    hint: `start an agent (eval $(ssh-agent)), or name a socket: --ssh ${id}=SOCKET`,
  });
}
