import type { CacheSpec } from '../../build/options.ts';
import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { readKeys } from './csv.ts';

const types = ['registry', 'local', 'inline'] as const;
/** Of BuildKit, and not of strata: what to write instead. */
const foreign: Readonly<Record<string, string>> = {
  gha: 'use type=registry with the registry of the repository (ghcr.io), or keep a type=local directory with actions/cache',
  s3: 'use type=registry, or keep a type=local directory in the bucket',
  azblob: 'use type=registry, or keep a type=local directory in the container',
};

const written = [
  'mode',
  'mounts',
  'compression',
  'compression-level',
  'force-compression',
  'ignore-error',
] as const;
const keys = {
  from: {
    registry: ['type', 'ref', 'mounts', 'ignore-error'],
    local: ['type', 'src', 'digest', 'tag', 'mounts', 'ignore-error'],
    inline: [],
  },
  to: {
    registry: ['type', 'ref', 'image-manifest', 'oci-mediatypes', ...written],
    local: ['type', 'dest', 'tag', 'image-manifest', 'oci-mediatypes', ...written],
    inline: ['type'],
  },
} as const;

const needed = { from: { registry: 'ref', local: 'src' }, to: { registry: 'ref', local: 'dest' } } as const;

/** The values of keys that have few. */
const choices: Readonly<Record<string, readonly string[]>> = {
  mode: ['min', 'max'],
  compression: ['gzip', 'zstd', 'uncompressed'],
  'force-compression': ['true', 'false'],
  'ignore-error': ['true', 'false'],
  // A cache is always an image manifest in OCI's media types.
  'image-manifest': ['true'],
  'oci-mediatypes': ['true'],
};

/**
 * Reads `--cache-from` (`from`) and `--cache-to` (`to`): `type=registry,ref=…`, `type=local,src=…` or
 * `dest=…`, `type=inline`; an image name alone means a registry.
 *
 * @throws UsageError `bad-cache` and those of `readKeys`
 */
export function parseCache(direction: 'from' | 'to', text: string): CacheSpec {
  const flag = `--cache-${direction}`;
  const bad = (why: string, hint: string) => new UsageError('bad-cache', `${flag} ${text}: ${why}`, { hint });
  if (text !== '' && !/[=,]/.test(text)) return { type: 'registry', attributes: { ref: text } };
  const name = /(?:^|,)\s*type=([^,]*)/i.exec(text)?.[1];
  const type = types.find((candidate) => candidate === name);
  const known = types.filter((candidate) => keys[direction][candidate].length > 0);
  if (type === undefined || !known.includes(type)) {
    const instead = foreign[name ?? ''];
    if (instead !== undefined) throw bad(`strata keeps no caches of type=${name}`, instead);
    const near = name === undefined ? undefined : suggest(name, known);
    const hint = near === undefined ? `the types are ${known.join(', ')}` : `did you mean type=${near}?`;
    throw bad(name === undefined ? 'type is missing' : `unknown type "${name}"`, hint);
  }
  const { type: _, ...attributes } = readKeys<string>(flag, text, keys[direction][type]);
  const want = type === 'inline' ? undefined : needed[direction][type];
  if (want !== undefined && attributes[want] === undefined) {
    throw bad(`${want} is missing`, `write type=${type},${want}=…`);
  }
  for (const [key, value] of Object.entries(attributes)) {
    const allowed = choices[key];
    if (allowed === undefined || allowed.includes(value ?? '')) continue;
    throw bad(`${key} cannot be "${value}"`, `it can be ${allowed.join(' or ')}`);
  }
  checkLevel(attributes, bad);
  return { type, attributes: attributes as Record<string, string> };
}

function checkLevel(
  { compression = 'gzip', 'compression-level': level }: Readonly<Record<string, string | undefined>>,
  bad: (why: string, hint: string) => UsageError,
): void {
  const highest = compression === 'gzip' ? 9 : 22;
  if (level === undefined || (/^[0-9]{1,2}$/.test(level) && Number(level) <= highest)) return;
  throw bad(`compression-level cannot be "${level}"`, `${compression} has levels from 0 to ${highest}`);
}
