/**
 * The default network of steps: a namespace of its own, joined to the outside by a program that speaks for
 * it (slirp4netns or pasta). So a step reaches what the host reaches by its own addresses, and nothing that
 * listens on the host's loopback only.
 *
 * Starting such a program takes longer than a small step. Namespaces are therefore lent: one that a step
 * gave back serves the next; steps that run at the same time never share one.
 */
import { accessSync, constants, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bytePathFromText } from '../core/byte-path.ts';
import { unmount } from '../sys/mount/mount.ts';
import { makeNetworkNamespace } from '../sys/network-namespace.ts';
import { findProgram } from '../sys/probe.ts';
import type { Cage } from '../sys/process/cage.ts';
import { spawnProcess } from '../sys/process/spawn.ts';

export interface NetworkLoan {
  /** Of the namespace; undefined where the host's network is all there is. */
  readonly path: string | undefined;
  /** @param isAsBefore whether the next step may have it; not when a step could change its settings */
  giveBack(isAsBefore: boolean): void;
}

export interface Networks {
  /** Begins what the first loan has to wait for. */
  prepare(): void;
  borrow(): Promise<NetworkLoan>;
  /** Takes the namespaces away. When the process dies instead, the same happens. */
  close(): void;
}

/** Joins a namespace to the outside; fulfilled with why not when it cannot. */
type Connect = (path: string, cage: Cage) => Promise<string | undefined>;

/**
 * @param directory where the namespaces are shown: in a mount namespace of ours
 * @param tell takes the one line that says that steps share the host's network
 */
export function openNetworks(directory: string, cage: Cage, tell: (note: string) => void): Networks {
  const free: string[] = [];
  const all: string[] = [];
  let count = 0;
  const problems: string[] = [];
  let works: Promise<Connect | undefined> | undefined;

  const make = async (connect: Connect): Promise<string | undefined> => {
    const path = join(directory, `network-${count++}`);
    await makeNetworkNamespace(path);
    all.push(path);
    const problem = await connect(path, cage);
    if (problem === undefined) return path;
    problems.push(problem);
    return undefined;
  };

  /**
   * Finds which program works here; the namespace of the attempt is the first to be lent. slirp4netns comes
   * first: with the pasta of Debian 12 a connection whose server says little and closes often never ends.
   */
  async function findConnection(): Promise<Connect | undefined> {
    const connections = canOpenTunnels() ? [slirp4netns, pasta] : [];
    if (connections.length === 0) problems.push(noTunnels);
    for (const connect of connections) {
      const path = await make(connect);
      if (path === undefined) continue;
      free.push(path);
      return connect;
    }
    tell(`steps share the network of the host, loopback too: ${problems.join('; ')}`);
    return undefined;
  }

  const connection = () => {
    works ??= findConnection();
    return works;
  };

  return {
    prepare() {
      // Whoever borrows meets the failure.
      connection().catch(() => {});
    },
    async borrow() {
      const connect = await connection();
      const path = connect === undefined ? undefined : (free.pop() ?? (await make(connect)));
      return {
        path,
        giveBack(isAsBefore) {
          if (path !== undefined && isAsBefore) free.push(path);
        },
      };
    },
    close() {
      for (const path of all) {
        unmount(bytePathFromText(path));
        rmSync(path);
      }
      free.length = 0;
      all.length = 0;
    },
  };
}

/** What both programs speak through. */
const tunnels = '/dev/net/tun';
/** What opens it to everybody, for root. */
export const openTunnels = `modprobe tun; chmod 666 ${tunnels}`;
const noTunnels = `${tunnels} is missing or closed to you (as root: ${openTunnels}; a container: --device ${tunnels})`;

/** Whether a step can have a network of its own that reaches the outside. */
export function canOpenTunnels(): boolean {
  try {
    accessSync(tunnels, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs until the cage ends, and says when the namespace is connected. */
const slirp4netns: Connect = async (path, cage) => {
  const program = findProgram('slirp4netns');
  if (program === undefined) return missing('slirp4netns', 'slirp4netns');
  const script =
    'exec "$0" --enable-seccomp --configure --mtu=65520 --disable-host-loopback --ready-fd=3 "$@" 3>&1 >/dev/null';
  const args = ['-c', script, program, '--netns-type=path', path, 'tap0'];
  let said = '';
  return new Promise((resolve) => {
    const ended = spawnProcess('/bin/sh', args, {
      cage,
      env: {},
      onStdout: () => resolve(undefined),
      onStderr: (chunk) => {
        said = (said + Buffer.from(chunk).toString()).slice(-1000);
      },
    });
    ended.finally(() => resolve(`slirp4netns failed (${lastLine(said)})`)).catch(() => {});
  });
};

/**
 * Its addresses differ from the host's: a step then reaches the host's own ones, as from a Docker bridge.
 * The same as slirp4netns has built in.
 */
const addresses = ['--address', '10.0.2.100', '--netmask', '24', '--gateway', '10.0.2.2'];

/** Exits when the namespace is connected; a process of its own stays behind. */
const pasta: Connect = async (path, cage) => {
  const program = findProgram('pasta');
  if (program === undefined) return missing('pasta', 'passt');
  const noForwarding = ['-t', 'none', '-u', 'none', '-T', 'none', '-U', 'none', '--no-map-gw'];
  const place = ['--config-net', '--netns-only', '--netns', path];
  // It gives up all capabilities and sees no files; as another user it could not enter the namespace.
  const args = ['--quiet', '--runas', '0', ...addresses, ...noForwarding, ...place];
  let said = '';
  const result = await spawnProcess(program, args, {
    cage,
    env: {},
    onStderr: (chunk) => {
      said += Buffer.from(chunk).toString();
    },
  });
  if (result.kind === 'exited' && result.code === 0) return undefined;
  return `pasta failed (${lastLine(said)})`;
};

function missing(program: string, debianPackage: string): string {
  return `${program} is not installed (Debian: apt-get install ${debianPackage})`;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
