/** Machines in one network, as far as a network can tell: namespaces that see each other through one of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOk } from './process.ts';

export interface Machine {
  /** The program and arguments that run a command there: it comes behind them. */
  readonly enter: readonly string[];
  readonly address: string;
}

export interface Network {
  /** All others reach it, and nobody else. */
  readonly hub: Machine;
  readonly others: readonly Machine[];
  /** The kernel takes the namespaces and their links away with the processes that hold them. */
  stop(): Promise<void>;
}

const hubAddress = '10.91.0.1';

/** A hub and `count` machines that are linked to it. */
export async function openNetwork(count: number): Promise<Network> {
  const holders = await Promise.all(Array.from({ length: count + 1 }, holdNamespace));
  const stop = async () => {
    for (const each of holders) each.kill('SIGKILL');
  };
  const [hub, ...others] = holders.map((holder, index): Machine & { pid: number } => ({
    pid: holder.pid ?? 0,
    enter: ['nsenter', `--net=/proc/${holder.pid}/ns/net`],
    address: index === 0 ? hubAddress : `10.91.${index}.2`,
  }));
  if (hub === undefined) throw new Error('a network has a hub');
  try {
    const ip = ({ enter }: Machine, line: string) => {
      const [program = '', ...args] = [...enter, 'ip', ...line.split(' ')];
      return runOk(program, args);
    };
    await ip(hub, 'link set lo up');
    await ip(hub, `addr add ${hubAddress}/32 dev lo`);
    for (const [index, other] of others.entries()) {
      const net = `10.91.${index + 1}`;
      await ip(hub, `link add to${index} type veth peer name eth0 netns ${other.pid}`);
      await ip(hub, `addr add ${net}.1/24 dev to${index}`);
      await ip(hub, `link set to${index} up`);
      await ip(other, 'link set lo up');
      await ip(other, `addr add ${net}.2/24 dev eth0`);
      await ip(other, 'link set eth0 up');
      await ip(other, `route add ${hubAddress} via ${net}.1`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { hub, others, stop };
}

/** A process that does nothing in a network namespace of its own. */
async function holdNamespace(): Promise<ChildProcess> {
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  await once(holder, 'spawn');
  const own = readlinkSync('/proc/self/ns/net');
  while (readlinkSync(`/proc/${holder.pid}/ns/net`) === own) await sleep(5);
  return holder;
}
