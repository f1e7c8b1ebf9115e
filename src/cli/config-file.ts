import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode, UsageError } from '../core/errors.ts';
import type { ProxySettings } from '../core/proxy.ts';
import { suggest } from '../core/suggest.ts';
import type { Compression } from '../layer/compression.ts';
import { parseDuration } from './flags/duration.ts';
import { parseShare } from './flags/share.ts';
import { defaultPruneSettings, type PruneSettings } from './prune/settings.ts';

/** What the configuration files say; a flag on the command line wins over it. */
export interface Config {
  /** Registry host to mirror URLs, in order. */
  readonly registryMirrors: ReadonlyMap<string, readonly string[]>;
  readonly insecureRegistries: readonly string[];
  readonly caFiles: readonly string[];
  /** Where the environment names none. */
  readonly proxy: ProxySettings;
  readonly runtime?: string;
  readonly maxParallelism?: number;
  /** Of layers, where no output says otherwise. */
  readonly compression?: Compression['algorithm'];
  readonly prune: PruneSettings;
}

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

/** Where the configuration lies (cli.md, "Configuration file"). */
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
      const read = members[key as keyof typeof members];
      if (!Object.hasOwn(members, key) || read === undefined) throw unknownMember(path, key);
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

type Fail = (want: string) => never;

const members: Readonly<Record<string, (value: unknown, fail: Fail, before: Config) => Partial<Config>>> = {
  'registry-mirrors': (value, fail) => {
    const want = 'an object such as {"docker.io": ["http://127.0.0.1:5000"]}';
    if (!isObject(value)) return fail(want);
    const entries = Object.entries(value).map(
      ([host, urls]) => [host, strings(urls, () => fail(want))] as const,
    );
    return { registryMirrors: new Map(entries) };
  },
  'insecure-registries': (value, fail) => ({ insecureRegistries: strings(value, fail) }),
  'ca-files': (value, fail) => ({ caFiles: strings(value, fail) }),
  'http-proxy': (value, fail, { proxy }) => ({ proxy: { ...proxy, http: aString(value, fail) } }),
  'https-proxy': (value, fail, { proxy }) => ({ proxy: { ...proxy, https: aString(value, fail) } }),
  'no-proxy': (value, fail, { proxy }) => ({ proxy: { ...proxy, no: aString(value, fail) } }),
  runtime: (value, fail) => ({
    runtime: typeof value === 'string' && value !== '' ? value : fail('a name or path'),
  }),
  compression: (value, fail) => ({
    compression: compressions.find((each) => each === value) ?? fail(`one of ${compressions.join(', ')}`),
  }),
  prune: (value, fail, { prune }) => ({ prune: pruneSettings(value, fail, prune) }),
  'max-parallelism': (value, fail) => ({
    maxParallelism:
      Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : fail('a number above 0'),
  }),
};

const compressions = ['gzip', 'zstd', 'uncompressed'] as const;

function pruneSettings(value: unknown, fail: Fail, before: PruneSettings): PruneSettings {
  const want =
    'an object such as {"keep-size": "25%", "free": "10%", "older-than": "30d", "automatic": true}';
  if (!isObject(value)) return fail(want);
  const { automatic = before.isAutomatic, ...sizes } = value;
  if (typeof automatic !== 'boolean') return fail(want);
  const given: Partial<Record<'keepSize' | 'free' | 'olderThan', string>> = {};
  for (const [key, text] of Object.entries(sizes)) {
    const member = pruneMembers[key as keyof typeof pruneMembers];
    if (!Object.hasOwn(pruneMembers, key) || typeof text !== 'string') return fail(want);
    try {
      member.check(text);
    } catch (error) {
      return fail(`${want}; ${(error as Error).message}`);
    }
    given[member.name] = text;
  }
  return { ...before, isAutomatic: automatic, ...given };
}

const isShare = (key: string) => (text: string) => void parseShare(key, text, () => 0);
const pruneMembers = {
  'keep-size': { name: 'keepSize', check: isShare('keep-size') },
  free: { name: 'free', check: isShare('free') },
  'older-than': { name: 'olderThan', check: (text: string) => void parseDuration('older-than', text) },
} as const;

function aString(value: unknown, fail: Fail): string {
  return typeof value === 'string' ? value : fail('a string');
}

function strings(value: unknown, fail: Fail): readonly string[] {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
  return isList ? value : fail('a list of strings');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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

function unknownMember(path: string, key: string): UsageError {
  const near = nearestMember(key);
  return new UsageError('bad-config-file', `${path}: unknown member "${key}"`, {
    hint:
      near === undefined ? `the members are ${Object.keys(members).join(', ')}` : `did you mean "${near}"?`,
  });
}

/** Members are also written as in other programs: `maxParallelism`, `http_proxy`, `mirrors`. */
function nearestMember(key: string): string | undefined {
  const names = Object.keys(members);
  const plain = key.replaceAll('_', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (names.includes(plain)) return plain;
  const shares = (name: string) =>
    name.includes(plain) || plain.includes(name) || name.startsWith(plain.slice(0, 8));
  return suggest(plain, names) ?? (plain.length < 4 ? undefined : names.find(shares));
}

function misfit(path: string, key: string, want: string): never {
  throw new UsageError('bad-config-file', `${path}: "${key}" must be ${want}`);
}
