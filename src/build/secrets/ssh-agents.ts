/**
 * `--ssh`: agents of the person, and agents started for keys that are files. Those hold private keys, so they live in
 * the cage of the steps and end with it, whatever ends the build.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, UsageError } from '../../core/errors.ts';
import { requireProgram } from '../../sys/probe.ts';
import type { Cage } from '../../sys/process/cage.ts';
import { spawnProcess } from '../../sys/process/spawn.ts';
import type { SshSpec } from '../options.ts';

export interface SshAgents {
  has(id: string): boolean;
  /**
   * The socket of an agent that has the key or keys of that id; undefined when the build was given none.
   * @throws HostError `no-ssh-agent`, `program-missing`; UsageError `bad-ssh-key`
   */
  socket(id: string): Promise<string | undefined>;
}

/**
 * @param directory for the sockets of agents that are started
 * @param openCage the one steps are started in now
 * @param ownAgent $SSH_AUTH_SOCK of the person
 */
export function openSshAgents(
  specs: readonly SshSpec[],
  directory: () => string,
  openCage: () => Promise<Cage>,
  ownAgent: string | undefined,
): SshAgents {
  const started = new Map<string, { readonly cage: Cage; readonly socket: Promise<string> }>();

  async function startAgent(id: string, keys: readonly string[], cage: Cage): Promise<string> {
    const hint =
      'install the OpenSSH client (Debian: apt-get install openssh-client), or give the socket of an agent';
    const agent = requireProgram('ssh-agent', hint);
    const add = requireProgram('ssh-add', hint);
    const socket = join(directory(), 'agent');
    // How it ends says nothing: it does with the cage.
    spawnProcess(agent, ['-D', '-a', socket], { cage }).catch(() => {});
    await appears(socket);
    let said = '';
    const result = await spawnProcess(add, ['--', ...keys], {
      env: { SSH_AUTH_SOCK: socket, PATH: '/usr/bin:/bin' },
      onStderr: (chunk) => {
        said += Buffer.from(chunk).toString();
      },
    });
    if (result.kind === 'exited' && result.code === 0) return socket;
    throw new UsageError('bad-ssh-key', `--ssh ${id}: cannot use ${keys.join(', ')}: ${said.trim()}`, {
      hint: 'a key must be readable by its owner alone and have no passphrase; or give the socket of an agent',
    });
  }

  return {
    has: (id) => specs.some((spec) => spec.id === id),
    async socket(id) {
      const spec = specs.find((each) => each.id === id);
      if (spec === undefined) return undefined;
      const [first] = spec.paths;
      if (first === undefined) return ownSocket(id, ownAgent);
      if (statSync(first, { throwIfNoEntry: false })?.isSocket()) return first;
      const cage = await openCage();
      let agent = started.get(id);
      if (agent?.cage !== cage) {
        agent = { cage, socket: startAgent(id, spec.paths, cage) };
        started.set(id, agent);
      }
      return agent.socket;
    },
  };
}

function ownSocket(id: string, ownAgent: string | undefined): string {
  if (ownAgent !== undefined && ownAgent !== '') return ownAgent;
  throw new HostError('no-ssh-agent', `--ssh ${id}: $SSH_AUTH_SOCK is not set`, {
    hint: `start an agent (eval $(ssh-agent)), or name a socket or key: --ssh ${id}=FILE`,
  });
}

const longestWaitMs = 5_000;

async function appears(socket: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < longestWaitMs; waitedMs += 5) {
    if (statSync(socket, { throwIfNoEntry: false })?.isSocket()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new HostError('no-ssh-agent', `ssh-agent has not opened ${socket} within ${longestWaitMs / 1000} s`, {
    hint: 'start an agent yourself (eval $(ssh-agent); ssh-add KEY) and give its socket: --ssh ID=SOCKET',
  });
}
