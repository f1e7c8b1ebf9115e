import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findProgram } from './capabilities.ts';
import { listenOnLoopback } from './loopback.ts';
import type { Machine } from './network.ts';
import { run, type Service, startService } from './process.ts';

export interface Registry extends Service {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The file that holds a blob's bytes, for a test that damages them. */
  blobFile(digest: string): string;
  /** Whether a repository has a blob, whole. */
  has(repository: string, digest: string): boolean;
  /** What it was asked so far, in the order of the answers. */
  requests(): RegistryRequest[];
}

export interface RegistryRequest {
  /** The address it came from. */
  readonly from: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
}

/** Members of the registry's configuration file beside the usual ones. */
export interface RegistrySettings {
  readonly http?: object;
  readonly auth?: object;
  readonly proxy?: object;
}

/**
 * A real docker-registry on a free port, its data and log in `dir`.
 * @param machine where it runs; by default here, on loopback alone
 */
export async function startRegistry(
  dir: string,
  settings: RegistrySettings = {},
  machine: Machine = loopback,
): Promise<Registry> {
  const program = findProgram('docker-registry', 'registry');
  if (program === undefined) throw new Error('docker-registry is not installed');
  mkdirSync(dir, { recursive: true });
  const host = `${machine.address}:${await freePort()}`;
  const [command, ...args] = [...machine.enter, program];
  const config = {
    version: 0.1,
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
    ...settings,
    http: { addr: host, secret: 'only for tests', ...settings.http },
  };
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config)); // JSON is YAML
  const log = join(dir, 'registry.log');
  const service = await startService(command ?? '', [...args, 'serve', join(dir, 'config.yml')], log, () =>
    isListening(host, machine),
  );
  const data = join(dir, 'data/docker/registry/v2');
  return {
    ...service,
    host,
    requests: () => readFileSync(log, 'utf8').split('\n').flatMap(requestIn),
    blobFile(digest) {
      const hex = digest.replace('sha256:', '');
      return join(data, 'blobs/sha256', hex.slice(0, 2), hex, 'data');
    },
    has: (repository, digest) =>
      existsSync(join(data, 'repositories', repository, '_layers', digest.replace(':', '/'), 'link')),
  };
}

const loopback = { enter: [], address: '127.0.0.1' };

/** Whether somebody answers there, whatever he speaks. */
async function isListening(host: string, { enter }: Pick<Machine, 'enter'>): Promise<boolean> {
  const [address, port] = host.split(':');
  const [command = 'bash', ...args] = [...enter, 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`];
  return (await run(command, args)).code === 0;
}

/** A line of the access log: `ADDRESS - - [DATE] "METHOD PATH HTTP/1.1" STATUS …`. */
function requestIn(line: string): RegistryRequest[] {
  const match = /^(\S+) - - \[[^\]]*\] "([A-Z]+) ([^ ?"]+)\S* HTTP[^"]*" (\d+)/.exec(line);
  if (match === null) return [];
  const [, from = '', method = '', path = '', status] = match;
  return [{ from, method, path, status: Number(status) }];
}

/** A loopback port that nothing listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const host = await listenOnLoopback(server);
  server.close();
  await once(server, 'close');
  return Number(host.slice(host.indexOf(':') + 1));
}
