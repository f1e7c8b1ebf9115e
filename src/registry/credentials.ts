/** Who we are to a registry: the `auths` of Docker's configuration file. */
import { readFileSync } from 'node:fs';
import { HostError, systemCode } from '../core/errors.ts';
import { dockerHub } from './reference.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Gives the credentials for a registry host (`docker.io`, `localhost:5000`), if there are any. */
export type CredentialSource = (registry: string) => Promise<Credentials | undefined>;

/** Docker files its own registry under this host. */
const hubKey = 'index.docker.io';

/**
 * Credentials as `docker login` without a credential helper leaves them. The file is read when somebody
 * asks; a missing one holds none.
 * The source throws HostError `bad-docker-config`.
 */
export function dockerConfigCredentials(path: string): CredentialSource {
  return async (registry) => {
    const auths = readAuths(path);
    const wanted = registry === dockerHub ? [registry, hubKey] : [registry];
    for (const [key, entry] of Object.entries(auths)) {
      if (!wanted.includes(hostOfKey(key))) continue;
      const credentials = readEntry(entry, `${path}: auths["${key}"]`);
      if (credentials !== undefined) return credentials;
    }
    return undefined;
  };
}

function readAuths(path: string): Readonly<Record<string, unknown>> {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return {};
    throw badConfig(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return asRecord(asRecord(config)?.auths) ?? {};
}

/** Keys are hosts or URLs of any age: `https://index.docker.io/v1/`. */
function hostOfKey(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function readEntry(entry: unknown, where: string): Credentials | undefined {
  const { auth, username, password } = asRecord(entry) ?? {};
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string' || auth === '') return undefined;
  const pair = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = pair.indexOf(':');
  if (colon < 0) throw badConfig(`${where}.auth is not base64 of USER:PASSWORD`);
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function badConfig(message: string): HostError {
  return new HostError('bad-docker-config', message, {
    hint: 'mend the file, or point $DOCKER_CONFIG at another directory',
  });
}
