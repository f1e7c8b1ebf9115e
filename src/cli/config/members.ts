/** What may stand in a configuration file, member by member (docs/REGISTRIES.md, docs/STORE.md). */
import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { overlayChoices } from '../../snapshot/mount/overlay-choice.ts';
import { parseDuration } from '../flags/duration.ts';
import { parseShare } from '../flags/share.ts';
import type { PruneSettings } from '../prune/settings.ts';
import type { Config } from './config.ts';

/** @throws always, saying what was wanted */
export type Fail = (want: string) => never;

/** Reads the value of a member into what was known before. */
type ReadMember = (value: unknown, fail: Fail, before: Config) => Partial<Config>;

/**
 * How a member is read, by its name.
 * @throws UsageError `bad-config-file` for a name that is none's
 */
export function memberReader(name: string, path: string): ReadMember {
  const read = Object.hasOwn(members, name) ? members[name] : undefined;
  if (read === undefined) throw unknownMember(path, name);
  return read;
}

const members: Readonly<Record<string, ReadMember>> = {
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
  snapshotter: (value, fail) => ({
    snapshotter: overlayChoices.find((each) => each === value) ?? fail(`one of ${overlayChoices.join(', ')}`),
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

/** A list of strings that are not empty. */
export function strings(value: unknown, fail: Fail): readonly string[] {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
  return isList ? value : fail('a list of strings');
}

/** Whether it has members: lists and null have none. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
