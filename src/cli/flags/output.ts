import type { OutputSpec } from '../../build/options.ts';
import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { repeatedKey, splitFields, unknownKey } from './csv.ts';

type OutputType = OutputSpec['type'];

/** What `--output type=` takes; `store` has no name of its own: `type=image` goes there. */
const types = ['oci', 'docker', 'tar', 'local', 'registry', 'image', 'cacheonly'] as const;

const image = [
  'compression',
  'compression-level',
  'force-compression',
  'name',
  'rewrite-timestamp',
  'oci-mediatypes',
  'annotation.*',
] as const;

const push = ['push-by-digest', 'name-canonical'] as const;

/** The keys of each type besides `type` and `dest`. */
const keysOf: Readonly<Record<(typeof types)[number], readonly string[]>> = {
  oci: ['tar', ...image],
  docker: ['tar', ...image],
  tar: ['platform-split', 'rewrite-timestamp'],
  local: ['platform-split', 'rewrite-timestamp'],
  registry: [...push, ...image],
  image: ['push', ...push, ...image],
  cacheonly: [],
};

/** Where a type without `dest` goes: to standard output, nowhere, or it cannot do without. */
const withoutDest: Readonly<Record<(typeof types)[number], 'stdout' | 'none' | 'error'>> = {
  oci: 'stdout',
  docker: 'stdout',
  tar: 'stdout',
  local: 'error',
  registry: 'none',
  image: 'none',
  cacheonly: 'none',
};

/**
 * Reads one `--output`: `type=…,dest=…,key=value`, or short `DIR` (type=local) and `-` (a tar on standard
 * output).
 *
 * @throws UsageError `bad-output`, `unknown-key`, `repeated-key`, `missing-value`
 */
export function parseOutput(text: string): OutputSpec {
  if (text === '-') return { type: 'tar', dest: '-', attributes: {} };
  const fields = splitFields('--output', text);
  const [only] = fields;
  if (fields.length === 1 && only !== undefined && only !== '' && !only.includes('=')) {
    return { type: 'local', dest: only, attributes: {} };
  }
  const given = new Map<string, string>();
  for (const field of fields) {
    const [key, value] = readField(text, field);
    if (given.has(key)) throw repeatedKey('--output', text, key);
    given.set(key, value);
  }
  const type = readType(text, given.get('type'));
  const dest = given.get('dest') ?? (withoutDest[type] === 'stdout' ? '-' : undefined);
  given.delete('type');
  given.delete('dest');
  if (dest === undefined && withoutDest[type] === 'error') {
    throw new UsageError('bad-output', `--output ${text}: dest is missing`, {
      hint: `type=${type} wants the directory to write to: type=${type},dest=DIR`,
    });
  }
  if (dest !== undefined && withoutDest[type] === 'none') {
    throw new UsageError('bad-output', `--output ${text}: type=${type} has no dest`, {
      hint: 'type=oci and type=docker write files',
    });
  }
  const read = [...given].map(([key, value]) => [key, readAttribute(text, type, key, value)] as const);
  const attributes = Object.fromEntries(read);
  if (attributes.tar === 'false' && dest === '-') {
    throw new UsageError('bad-output', `--output ${text}: a directory cannot go to standard output`, {
      hint: 'name it with dest=DIR',
    });
  }
  return { type, dest, attributes };
}

function readField(text: string, field: string): [key: string, value: string] {
  const equals = field.indexOf('=');
  if (equals < 0) {
    const name = field.trim();
    throw new UsageError('missing-value', `--output ${text}: "${name}" is not of the form key=value`, {
      hint: 'for example type=oci,dest=image.tar',
    });
  }
  const key = field.slice(0, equals).trim();
  // Annotation names are case-sensitive.
  const [first = '', ...rest] = key.split('.');
  return [[first.toLowerCase(), ...rest].join('.'), field.slice(equals + 1)];
}

function readType(text: string, name: string | undefined): Exclude<OutputType, 'store'> {
  const type = types.find((candidate) => candidate === name);
  if (type !== undefined) return type;
  if (name === undefined) {
    throw new UsageError('bad-output', `--output ${text}: type is missing`, {
      hint: `the types are ${types.join(', ')}`,
    });
  }
  const near = suggest(name, types);
  throw new UsageError('bad-output', `--output ${text}: unknown type "${name}"`, {
    hint: near === undefined ? `the types are ${types.join(', ')}` : `did you mean type=${near}?`,
  });
}

const booleans = [
  'tar',
  'push',
  'platform-split',
  ...push,
  'force-compression',
  'rewrite-timestamp',
  'oci-mediatypes',
];
const compressions = ['gzip', 'zstd', 'uncompressed'];

/** Checks one key against its type and gives its value in the one spelling it has. */
function readAttribute(text: string, type: Exclude<OutputType, 'store'>, key: string, value: string): string {
  const isKnown = keysOf[type].includes(/^annotation[-.[]/.test(key) ? 'annotation.*' : key);
  if (!isKnown) throw unknownKey('--output', text, key, ['type', 'dest', ...keysOf[type]]);
  if (booleans.includes(key)) {
    if (value === 'true' || value === '1') return 'true';
    if (value === 'false' || value === '0') return 'false';
    throw new UsageError('bad-output', `--output ${text}: ${key} is true or false, not "${value}"`);
  }
  if (key === 'compression' && !compressions.includes(value)) {
    throw new UsageError('bad-output', `--output ${text}: unknown compression "${value}"`, {
      hint: `the compressions are ${compressions.join(', ')}`,
    });
  }
  if (key === 'compression-level' && !/^[0-9]{1,2}$/.test(value)) {
    throw new UsageError('bad-output', `--output ${text}: compression-level is a number, not "${value}"`);
  }
  return value;
}
