import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { findProgram } from './capabilities.ts';
import { type Service, startService } from './process.ts';

export interface Registry extends Service {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The file that holds a blob's bytes, for a test that damages them. */
  blobFile(digest: string): string;
}

/** Members of the registry's configuration file beside the usual ones. */
export interface RegistrySettings {
  readonly http?: object;
  readonly auth?: object;
  readonly proxy?: object;
}

/** A real docker-registry on a free loopback port, its data and log in `dir`. */
export async function startRegistry(dir: string, settings: RegistrySettings = {}): Promise<Registry> {
  const program = findProgram('docker-registry', 'registry');
  if (program === undefined) throw new Error('docker-registry is not installed');
  mkdirSync(dir, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
    ...settings,
    http: { addr: host, secret: 'only for tests', ...settings.http },
  };
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config)); // JSON is YAML
  const service = await startService(
    program,
    ['serve', join(dir, 'config.yml')],
    join(dir, 'registry.log'),
    () => isListening(host),
  );
  return {
    ...service,
    host,
    blobFile(digest) {
      const hex = digest.replace('sha256:', '');
      return join(dir, 'data/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    },
  };
}

/** Whether somebody answers there, whatever he speaks. */
async function isListening(host: string): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port: Number(host.split(':')[1]) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A loopback port that nothing listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
