import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode, UsageError } from '../../core/errors.ts';
import { defaultPruneSettings } from '../prune/settings.ts';
import type { Config } from './config.ts';
import { isObject, memberReader, strings } from './members.ts';

export interface ConfigPlaces {
  /** Strata's own files, the weakest first. */
  readonly own: readonly string[];
  /** The Docker engine's, for its mirrors of Docker Hub: the first that there is. */
  readonly docker: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a person's configuration of all programs lies. */
export function userConfigDirectory(environment: Environment): string {
  return environment.XDG_CONFIG_HOME || join(environment.HOME ?? '/', '.config');
}

/** Where the configuration lies (docs/REGISTRIES.md, "Configuration"). */
export function configPlaces(environment: Environment): ConfigPlaces {
  const user = userConfigDirectory(environment);
  return {
    own: ['/etc/strata/config.json', join(user, 'strata', 'config.json')],
    docker: [join(user, 'docker', 'daemon.json'), '/etc/docker/daemon.json'],
  };
}

/**
 * Reads the files that exist; a later one wins member by member.
 * @throws UsageError `bad-config-file`, naming the file
 */
export function readConfig(places: ConfigPlaces): Config {
  let config: Config = {
    registryMirrors: new Map(),
    insecureRegistries: [],
    caFiles: [],
    proxy: {},
    prune: defaultPruneSettings,
  };
  for (const path of places.own) {
    for (const [key, value] of Object.entries(readObject(path) ?? {})) {
      const read = memberReader(key, path);
      config = { ...config, ...read(value, (want) => misfit(path, key, want), config) };
    }
  }
  if (config.registryMirrors.size > 0) return config;
  for (const path of places.docker) {
    const daemon = readObject(path);
    if (daemon === undefined) continue;
    const mirrors = daemon['registry-mirrors'];
    if (mirrors === undefined) return config;
    const urls = strings(mirrors, (want) => misfit(path, 'registry-mirrors', want));
    return { ...config, registryMirrors: new Map([['docker.io', urls]]) };
  }
  return config;
}

function readObject(path: string): Readonly<Record<string, unknown>> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw new UsageError('bad-config-file', `cannot read ${path}: ${systemCode(error)}`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw new UsageError('bad-config-file', `${path} is not JSON: ${reason}`, { cause: error });
  }
  if (!isObject(value)) throw new UsageError('bad-config-file', `${path} does not hold a JSON object`);
  return value;
}

function misfit(path: string, key: string, want: string): never {
  throw new UsageError('bad-config-file', `${path}: "${key}" must be ${want}`);
}
