import { writeFileSync } from 'node:fs';
import { HostError } from '../core/errors.ts';
import { requireProgram } from './probe.ts';
import { spawnProcess } from './spawn.ts';

/**
 * Makes a network namespace without any connection, its loopback down, and shows it at `path`, a new file:
 * there it lives until it is unmounted, or its mount namespace is gone, and nobody is in it any more.
 *
 * By a child process: in a user namespace this one could go there, but not come back to the host's network.
 *
 * @throws HostError `program-missing`, `no-network-namespace`
 */
export async function makeNetworkNamespace(path: string): Promise<void> {
  const program = requireProgram('unshare', 'install util-linux (Debian: apt-get install util-linux)');
  writeFileSync(path, '', { flag: 'wx' });
  let said = '';
  const result = await spawnProcess(program, [`--net=${path}`, 'true'], {
    onStderr: (chunk) => {
      said += Buffer.from(chunk).toString();
    },
  });
  if (result.kind === 'exited' && result.code === 0) return;
  throw new HostError('no-network-namespace', `cannot make a network namespace: ${said.trim()}`, {
    hint: 'use --network=none or, with --allow network.host, --network=host',
  });
}
