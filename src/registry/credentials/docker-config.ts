/** Docker's configuration file, as far as it says who we are to registries. */
import { readFileSync } from 'node:fs';
import { HostError, systemCode } from '../../core/errors.ts';
import { dockerHub } from '../../core/image-reference.ts';

export interface DockerConfig {
  readonly path: string;
  /** What the file holds, members that are none of our business included. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Entries by key: hosts or URLs of any age. */
  readonly auths: Readonly<Record<string, unknown>>;
  /** Names of credential helpers by key. */
  readonly credHelpers: Readonly<Record<string, unknown>>;
  /** The name of the helper for all other registries. */
  readonly credsStore: string | undefined;
}

/** Docker files its own registry under this address. */
const hubAddress = 'https://index.docker.io/v1/';

/**
 * Reads the file; a missing one says nothing.
 * @throws HostError `bad-docker-config`
 */
export function readDockerConfig(path: string): DockerConfig {
  const members = readMembers(path);
  const { credsStore } = members;
  if (credsStore !== undefined && typeof credsStore !== 'string')
    throw badConfig(`${path}: credsStore is not the name of a credential helper`);
  return {
    path,
    members,
    auths: asRecord(members.auths) ?? {},
    credHelpers: asRecord(members.credHelpers) ?? {},
    credsStore: credsStore === '' ? undefined : credsStore,
  };
}

/** What a registry is filed under, by Docker as by us. */
export function serverAddress(registry: string): string {
  return registry === dockerHub ? hubAddress : registry;
}

/** Keys are hosts or URLs of any age: `https://index.docker.io/v1/`. */
export function isKeyOf(key: string, registry: string): boolean {
  const host = hostOf(key);
  return host === registry || (registry === dockerHub && host === hostOf(hubAddress));
}

/** The helper that keeps what belongs to a registry. @throws HostError `bad-docker-config` */
export function helperFor(registry: string, config: DockerConfig): string | undefined {
  const own = Object.entries(config.credHelpers).find(([key]) => isKeyOf(key, registry))?.[1];
  const name = own === undefined || own === '' ? config.credsStore : own;
  // It becomes a part of a program's name.
  if (name === undefined || (typeof name === 'string' && /^[A-Za-z0-9._-]+$/.test(name))) return name;
  throw badConfig(`${config.path}: the credential helper of ${registry} has no usable name`);
}

/** HostError `bad-docker-config`. The message quotes nothing of the file, which holds secrets. */
export function badConfig(message: string): HostError {
  return new HostError('bad-docker-config', message, {
    hint: 'mend the file, or point $DOCKER_CONFIG at another directory',
  });
}

/** The members of what was read; undefined for what has none. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function readMembers(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return {};
    throw badConfig(`cannot read ${path}: ${systemCode(error)}`);
  }
  try {
    // What Docker leaves when the disk was full once.
    return text.trim() === '' ? {} : (asRecord(JSON.parse(text)) ?? {});
  } catch {
    // The parser's own words would quote the file, and with it secrets.
    throw badConfig(`cannot read ${path}: it is not JSON`);
  }
}

function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
