/** Credentials put where Docker keeps them, and taken out again. */
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../../core/errors.ts';
import { writeFileAtomic } from '../../sys/atomic-file.ts';
import { lockFile } from '../../sys/file-lock.ts';
import { type CredentialHelper, credentialHelper } from './credential-helper.ts';
import type { Credentials } from './credentials.ts';
import { type DockerConfig, helperFor, isKeyOf, readDockerConfig, serverAddress } from './docker-config.ts';

/** Docker's configuration file, and what credential helpers see. */
export interface CredentialPlace {
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Keeps credentials with the helper that the configuration names for the registry, else in the file, readable
 * for its owner alone; everything else in the file stays.
 *
 * @returns the helper; undefined when they lie in the file
 * @throws HostError `bad-docker-config`, `credential-helper-missing`, `credential-helper-failed`
 */
export async function keepCredentials(
  registry: string,
  credentials: Credentials,
  place: CredentialPlace,
  signal: AbortSignal,
): Promise<string | undefined> {
  const address = serverAddress(registry);
  return withConfig(place.configFile, signal, async (config) => {
    const helper = openHelper(registry, config, place);
    await helper?.store(address, credentials, signal);
    // An empty entry is how Docker remembers that the helper has something.
    const entry = helper === undefined ? entryOf(credentials) : {};
    await writeAuths(config, { ...othersThan(registry, config), [address]: entry });
    return helper?.program;
  });
}

/**
 * Takes the credentials for a registry out of its helper and out of the file.
 * @returns whether there were any
 * @throws as `keepCredentials`
 */
export async function forgetCredentials(
  registry: string,
  place: CredentialPlace,
  signal: AbortSignal,
): Promise<boolean> {
  return withConfig(place.configFile, signal, async (config) => {
    const helper = openHelper(registry, config, place);
    // Erasing what is not there is no failure to many helpers.
    const wasKept = (await helper?.get(serverAddress(registry), signal)) !== undefined;
    if (wasKept) await helper?.erase(serverAddress(registry), signal);
    const others = othersThan(registry, config);
    const wasInFile = Object.keys(others).length < Object.keys(config.auths).length;
    if (wasInFile) await writeAuths(config, others);
    return wasKept || wasInFile;
  });
}

function openHelper(
  registry: string,
  config: DockerConfig,
  { env }: CredentialPlace,
): CredentialHelper | undefined {
  const name = helperFor(registry, config);
  return name === undefined ? undefined : credentialHelper(name, env);
}

function entryOf(credentials: Credentials): object {
  const auth = (password: string) =>
    Buffer.from(`${credentials.username ?? ''}:${password}`, 'utf8').toString('base64');
  // Other tools look at nothing in an entry that names no user.
  if ('identityToken' in credentials) return { auth: auth(''), identitytoken: credentials.identityToken };
  return { auth: auth(credentials.password) };
}

function othersThan(registry: string, { auths }: DockerConfig): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(auths).filter(([key]) => !isKeyOf(key, registry)));
}

/** Two logins at once must not lose one of them. */
async function withConfig<T>(
  path: string,
  signal: AbortSignal,
  work: (config: DockerConfig) => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lockPath = `${path}.lock`;
  const lock = await lockFile(lockPath, 'exclusive', signal);
  try {
    return await work(readDockerConfig(path));
  } finally {
    rmSync(lockPath, { force: true });
    lock.release();
  }
}

async function writeAuths({ path, members }: DockerConfig, auths: object): Promise<void> {
  await writeFileAtomic(throughLinks(path), `${JSON.stringify({ ...members, auths }, null, '\t')}\n`, 0o600);
}

/** People keep such files elsewhere and link to them. */
function throughLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return path;
    throw error;
  }
}
