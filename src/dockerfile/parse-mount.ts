/** The values of `RUN --mount` (spec 3.5): one CSV record of options each. */
import { posix } from 'node:path';
import { suggest } from '../core/suggest.ts';
import { parseCsvRecord } from './csv.ts';
import type { Expansion } from './expand.ts';
import type { Word } from './instruction.ts';
import type { RunMount } from './mount.ts';
import { parseBinarySize, parseGoBoolean } from './values.ts';

export interface MountProblem {
  readonly message: string;
  readonly help?: string;
}

export type ParsedMount =
  | { readonly ok: true; readonly mount: RunMount }
  | ({ readonly ok: false } & MountProblem);

/** Where a --mount takes its files from, as written; undefined for the build context. */
export function mountFrom(mount: Word): string | undefined {
  const record = parseCsvRecord(mount.raw);
  const from = record.ok ? record.fields.findLast((field) => /^from=/i.test(field)) : undefined;
  return from?.slice('from='.length) || undefined;
}

/** What is wrong with a --mount in every stage, built or not: its CSV shape, and a variable in `from`. */
export function checkMountSyntax(value: string): MountProblem | undefined {
  const record = parseCsvRecord(value);
  if (!record.ok) return { message: `--mount is not a CSV record: ${record.message}` };
  for (const field of record.fields) {
    const [, from] = /^from=(.*)$/is.exec(field) ?? [];
    if (from !== undefined && /\$./s.test(from))
      return {
        message: `variable expansion is not supported in from=${from}`,
        help: 'define an alias stage and mount from it: FROM image:$TAG AS source',
      };
  }
  return undefined;
}

/**
 * Reads the options of one --mount, expanding their values.
 * @param ordinal place among the ssh mounts of the RUN, for the default socket name
 */
export function parseMount(word: Word, ordinal: number, expand: (raw: string) => Expansion): ParsedMount {
  const record = parseCsvRecord(word.raw);
  if (!record.ok) return { ok: false, message: `--mount is not a CSV record: ${record.message}` };
  const options: Options = { type: 'bind' };
  for (const field of record.fields) {
    const problem = readField(options, field, expand);
    if (problem !== undefined) return { ok: false, ...problem };
  }
  const problem = checkOptions(options);
  return problem === undefined ? { ok: true, mount: complete(options, ordinal) } : { ok: false, ...problem };
}

type MountType = RunMount['type'];
type Sharing = Extract<RunMount, { type: 'cache' }>['sharing'];

interface Options {
  type: MountType;
  target?: string;
  source?: string;
  from?: string;
  id?: string;
  env?: string;
  isReadOnly?: boolean;
  isRequired?: boolean;
  sharing?: Sharing;
  mode?: number;
  uid?: number;
  gid?: number;
  sizeBytes?: number;
}

const types: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const sharings: readonly Sharing[] = ['shared', 'private', 'locked'];

type Reader = (options: Options, value: string, key: string) => MountProblem | undefined;

const readers: Readonly<Record<string, Reader>> = {
  type(options, value) {
    const type = types.find((candidate) => candidate === value.toLowerCase());
    if (type === undefined) return choiceProblem(`unsupported mount type "${value}"`, value, types);
    options.type = type;
    return undefined;
  },
  target: readTarget,
  dst: readTarget,
  destination: readTarget,
  source: readSource,
  src: readSource,
  from: textReader('from'),
  id: textReader('id'),
  env: textReader('env'),
  readonly: readReadOnly,
  ro: readReadOnly,
  readwrite: readReadWrite,
  rw: readReadWrite,
  required(options, value, key) {
    if (options.type !== 'secret' && options.type !== 'ssh')
      return misplaced(key, options.type, 'secret or type=ssh');
    return readBoolean(value, key, (isRequired) => {
      options.isRequired = isRequired;
    });
  },
  sharing(options, value) {
    const sharing = sharings.find((candidate) => candidate === value.toLowerCase());
    if (sharing === undefined) return choiceProblem(`unsupported sharing value "${value}"`, value, sharings);
    options.sharing = sharing;
    return undefined;
  },
  size(options, value, key) {
    if (options.type !== 'tmpfs') return misplaced(key, options.type, 'tmpfs');
    const sizeBytes = parseBinarySize(value);
    if (sizeBytes === undefined)
      return { message: `invalid value for size: ${value}`, help: 'write bytes, or a number with k, m or g' };
    options.sizeBytes = sizeBytes;
    return undefined;
  },
  mode(options, value) {
    if (!/^[0-7]{1,10}$/.test(value))
      return { message: `invalid value ${value} for mode`, help: 'a mode is octal: 0755' };
    options.mode = Number.parseInt(value, 8);
    return undefined;
  },
  uid: numberReader('uid'),
  gid: numberReader('gid'),
};

const bareKeys = new Set(['readonly', 'ro', 'readwrite', 'rw', 'required']);

function readField(
  options: Options,
  field: string,
  expand: (raw: string) => Expansion,
): MountProblem | undefined {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const reader = Object.hasOwn(readers, key) ? readers[key] : undefined;
  if (equals < 0) {
    if (reader !== undefined && bareKeys.has(key)) return reader(options, 'true', key);
    return { message: `invalid field "${field}" must be a key=value pair`, ...nearestKey(key) };
  }
  if (reader === undefined) return { message: `unexpected key "${key}" in "${field}"`, ...nearestKey(key) };
  const value = field.slice(equals + 1);
  if (key === 'from') return reader(options, value, key);
  const expanded = expand(value);
  return expanded.ok ? reader(options, expanded.value, key) : { message: expanded.message };
}

function nearestKey(key: string): { help?: string } {
  const nearest = suggest(key, Object.keys(readers));
  return nearest === undefined ? {} : { help: `did you mean ${nearest}?` };
}

function readTarget(options: Options, value: string): undefined {
  options.target = value;
}

function readSource(options: Options, value: string): undefined {
  options.source = value;
}

function textReader(name: 'from' | 'id' | 'env'): Reader {
  return (options, value) => {
    options[name] = value;
    return undefined;
  };
}

function numberReader(name: 'uid' | 'gid'): Reader {
  return (options, value) => {
    if (!/^\d{1,10}$/.test(value) || Number(value) >= 2 ** 32)
      return {
        message: `invalid value ${value} for ${name}`,
        help: `${name} is a number; names are not looked up`,
      };
    options[name] = Number(value);
    return undefined;
  };
}

function readReadOnly(options: Options, value: string, key: string): MountProblem | undefined {
  return readBoolean(value, key, (isReadOnly) => {
    options.isReadOnly = isReadOnly;
  });
}

function readReadWrite(options: Options, value: string, key: string): MountProblem | undefined {
  return readBoolean(value, key, (isWritable) => {
    options.isReadOnly = !isWritable;
  });
}

function readBoolean(value: string, key: string, set: (value: boolean) => void): MountProblem | undefined {
  const parsed = parseGoBoolean(value);
  if (parsed === undefined)
    return { message: `invalid value for ${key}: ${value}`, help: 'write true or false' };
  set(parsed);
  return undefined;
}

function choiceProblem(message: string, value: string, choices: readonly string[]): MountProblem {
  const nearest = suggest(value, choices);
  return {
    message,
    help: nearest === undefined ? `it is one of ${choices.join(', ')}` : `did you mean ${nearest}?`,
  };
}

function misplaced(key: string, type: MountType, wanted: string): MountProblem {
  return {
    message: `unexpected key "${key}" for mount type "${type}"`,
    help: `it belongs behind type=${wanted}`,
  };
}

function checkOptions(options: Options): MountProblem | undefined {
  const { type } = options;
  if (type === 'bind' || type === 'tmpfs') {
    for (const key of ['mode', 'uid', 'gid'] as const)
      if (options[key] !== undefined) return { message: `${key} not allowed for "${type}" type mounts` };
  }
  if (type === 'secret') {
    if (options.from) return { message: 'secret mount should not have a from' };
    if (!options.source && !options.target && !options.id)
      return {
        message: 'invalid secret mount. one of source, target required',
        help: 'name the secret: type=secret,id=…',
      };
    if (options.source && options.id)
      return { message: "both source and id can't be set", help: 'they mean the same' };
  }
  if (type === 'ssh' && options.source)
    return { message: 'ssh mount does not support source', help: 'choose the agent with id=' };
  if (options.sharing !== undefined && type !== 'cache')
    return { message: `invalid cache sharing set for ${type} mount` };
  return undefined;
}

function complete(options: Options, ordinal: number): RunMount {
  const { type, target = '', uid, gid, mode } = options;
  const source = options.source || '/';
  const from = options.from ? { from: options.from } : {};
  const hasOwner = uid !== undefined || gid !== undefined || mode !== undefined;
  switch (type) {
    case 'bind':
      return { type, target, source, ...from, isReadOnly: options.isReadOnly ?? true };
    case 'cache':
      return {
        type,
        target,
        source,
        ...from,
        isReadOnly: options.isReadOnly ?? false,
        id: options.id || posix.join(target, '.'),
        sharing: options.sharing ?? 'shared',
        ...(hasOwner ? { owner: { uid: uid ?? 0, gid: gid ?? 0, mode: mode ?? 0o755 } } : {}),
      };
    case 'tmpfs':
      return { type, target, ...(options.sizeBytes ? { sizeBytes: options.sizeBytes } : {}) };
    case 'secret': {
      const id = options.source || options.id || posix.basename(target);
      const file =
        target !== ''
          ? { target }
          : options.env === undefined
            ? { target: `/run/secrets/${posix.basename(id)}` }
            : {};
      const env = options.env === undefined ? {} : { env: options.env };
      return {
        type,
        id,
        ...file,
        ...env,
        isRequired: options.isRequired ?? false,
        uid: uid ?? 0,
        gid: gid ?? 0,
        mode: mode ?? 0o400,
      };
    }
    case 'ssh':
      return {
        type,
        id: options.id || 'default',
        target: target || `/run/buildkit/ssh_agent.${ordinal}`,
        isRequired: options.isRequired ?? false,
        uid: uid ?? 0,
        gid: gid ?? 0,
        mode: mode ?? 0o600,
      };
  }
}
