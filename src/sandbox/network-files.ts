import type { StepNetwork } from './step.ts';

/** /etc/hosts of a step. */
export function hostsFile(hostname: string, hosts: StepNetwork['hosts']): string {
  const lines = [
    `127.0.0.1\tlocalhost ${hostname}`,
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...hosts.map(([name, address]) => `${address}\t${name}`),
  ];
  return `${lines.join('\n')}\n`;
}

const publicNameservers = ['8.8.8.8', '8.8.4.4'];

/**
 * /etc/resolv.conf of a step, from the host's. Where the step does not share the host's network, a name
 * server on the host's loopback is out of its reach and left out; when none remains, public ones stand in,
 * as Docker does.
 */
export function resolvConf(host: string, sharesHostNetwork: boolean): string {
  if (sharesHostNetwork) return host;
  const lines = host.split('\n').filter((line) => !/^\s*nameserver\s+(127\.|::1(\s|%|$))/.test(line));
  if (!lines.some((line) => /^\s*nameserver\s/.test(line))) {
    lines.unshift(...publicNameservers.map((address) => `nameserver ${address}`));
  }
  return lines.join('\n');
}
