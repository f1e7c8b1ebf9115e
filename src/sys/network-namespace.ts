import { closeSync, openSync, writeFileSync } from 'node:fs';
import { bytePathFromText } from '../core/byte-path.ts';
import { HostError } from '../core/errors.ts';
import { lastSystemError, libcFunction } from './libc.ts';
import { bindMount } from './mount/mount.ts';
import { requireProgram } from './probe.ts';
import { spawnProcess } from './process/spawn.ts';
import { isInitialUserNamespace } from './user-namespace/id-map.ts';

const unshare = libcFunction('int unshare(int flags)');
const setns = libcFunction('int setns(int fd, int type)');
const newNetworkNamespace = 0x40000000;
const ownNamespace = '/proc/thread-self/ns/net';

/**
 * Makes a network namespace without any connection, its loopback down, and shows it at `path`, a new file:
 * there it lives until it is unmounted, or its mount namespace is gone, and nobody is in it any more.
 *
 * @throws HostError `program-missing`, `no-network-namespace`
 */
export async function makeNetworkNamespace(path: string): Promise<void> {
  writeFileSync(path, '', { flag: 'wx' });
  const problem = isInitialUserNamespace() ? makeByCall(path) : await makeByProgram(path);
  if (problem === undefined) return;
  throw new HostError('no-network-namespace', `cannot make a network namespace: ${problem}`, {
    hint: 'use --network=none or --network=host',
  });
}

/** This thread goes there and comes back. */
function makeByCall(path: string): string | undefined {
  const own = openSync(ownNamespace, 'r');
  try {
    if (unshare(newNetworkNamespace) < 0) return lastSystemError('unshare', path).message;
    try {
      bindMount(ownNamespace, bytePathFromText(path));
    } finally {
      comeBack(own);
    }
    return undefined;
  } finally {
    closeSync(own);
  }
}

function comeBack(own: number): void {
  if (setns(own, newNetworkNamespace) < 0) throw lastSystemError('setns', ownNamespace);
}

/** In a user namespace coming back to the host's network is not allowed: a child goes there. */
async function makeByProgram(path: string): Promise<string | undefined> {
  const program = requireProgram('unshare', 'install util-linux (Debian: apt-get install util-linux)');
  let said = '';
  const result = await spawnProcess(program, [`--net=${path}`, 'true'], {
    onStderr: (chunk) => {
      said += Buffer.from(chunk).toString();
    },
  });
  return result.kind === 'exited' && result.code === 0 ? undefined : said.trim();
}
