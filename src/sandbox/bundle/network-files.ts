import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { StepNetwork, StepSetting } from '../step.ts';

/**
 * What a step finds at these paths instead of its image's own files.
 * @param isConnected whether it has a network of its own that reaches the outside
 */
export function networkFiles(
  { hostname, network: { mode, hosts } }: Pick<StepSetting, 'hostname' | 'network'>,
  isConnected: boolean,
): { readonly '/etc/hosts': string; readonly '/etc/resolv.conf': string } {
  const sharesHost = mode !== 'none' && !isConnected;
  const gateway = sharesHost ? '127.0.0.1' : mode === 'none' ? undefined : hostAddress();
  const own = readIfThere('/etc/resolv.conf');
  const upstream = readIfThere('/run/systemd/resolve/resolv.conf');
  return {
    '/etc/hosts': hostsFile(hostname, hosts, gateway),
    '/etc/resolv.conf': resolvConf(own, upstream, sharesHost),
  };
}

/** What --add-host writes for the address of the machine that builds. */
const hostGateway = 'host-gateway';

/**
 * /etc/hosts of a step.
 * @param gateway the address by which the step reaches the host; undefined when it cannot: then names for
 *   it are left out
 */
export function hostsFile(
  hostname: string,
  hosts: StepNetwork['hosts'],
  gateway: string | undefined,
): string {
  const lines = [
    `127.0.0.1\tlocalhost ${hostname}`,
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...hosts.flatMap(([name, given]) => {
      const address = given === hostGateway ? gateway : given;
      return address === undefined ? [] : [`${address}\t${name}`];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

const publicNameservers = ['8.8.8.8', '8.8.4.4'];
const loopbackServer = /^\s*nameserver\s+(127\.|::1(\s|%|$))/;
const anyServer = /^\s*nameserver\s/;

/**
 * /etc/resolv.conf of a step, from the host's. Where the step does not share the host's network, a name
 * server on the host's loopback is out of its reach and left out; when none remains, those stand in that
 * the host's own resolver asks, or else public ones, as with Docker.
 * @param upstream what systemd-resolved writes about the servers behind it; '' where it does not run
 */
export function resolvConf(host: string, upstream: string, sharesHostNetwork: boolean): string {
  if (sharesHostNetwork) return host;
  for (const file of [host, upstream]) {
    const lines = file.split('\n').filter((line) => !loopbackServer.test(line));
    if (lines.some((line) => anyServer.test(line))) return lines.join('\n');
  }
  const others = host.split('\n').filter((line) => !anyServer.test(line));
  return [...publicNameservers.map((address) => `nameserver ${address}`), ...others].join('\n');
}

/** By which others reach this machine: that of the interface with the default route, or else of any. */
function hostAddress(): string | undefined {
  const routes = readIfThere('/proc/net/route')
    .split('\n')
    .map((line) => line.split('\t'));
  const outward = routes.find(([, destination]) => destination === '00000000')?.[0];
  const interfaces = networkInterfaces();
  const candidates = [...(interfaces[outward ?? ''] ?? []), ...Object.values(interfaces).flat()];
  return candidates.find((each) => each?.family === 'IPv4' && !each.internal)?.address;
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
