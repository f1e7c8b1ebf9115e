import type { CacheSpec } from '../../build/options.ts';
import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { readKeys } from './csv.ts';

const types = ['registry', 'local', 'inline'] as const;

const keys = {
  from: {
    registry: ['type', 'ref', 'ignore-error'],
    local: ['type', 'src', 'digest', 'tag', 'ignore-error'],
    inline: [],
  },
  to: {
    registry: ['type', 'ref', 'mode', 'compression', 'compression-level', 'ignore-error'],
    local: ['type', 'dest', 'tag', 'mode', 'compression', 'compression-level', 'ignore-error'],
    inline: ['type'],
  },
} as const;

const needed = { from: { registry: 'ref', local: 'src' }, to: { registry: 'ref', local: 'dest' } } as const;

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
    const near = name === undefined ? undefined : suggest(name, known);
    const hint = near === undefined ? `the types are ${known.join(', ')}` : `did you mean type=${near}?`;
    throw bad(name === undefined ? 'type is missing' : `unknown type "${name}"`, hint);
  }
  const { type: _, ...attributes } = readKeys<string>(flag, text, keys[direction][type]);
  const want = type === 'inline' ? undefined : needed[direction][type];
  if (want !== undefined && attributes[want] === undefined) {
    throw bad(`${want} is missing`, `write type=${type},${want}=…`);
  }
  const { mode } = attributes;
  if (mode !== undefined && mode !== 'min' && mode !== 'max') {
    throw bad(`unknown mode "${mode}"`, 'the modes are min and max');
  }
  return { type, attributes: attributes as Record<string, string> };
}
