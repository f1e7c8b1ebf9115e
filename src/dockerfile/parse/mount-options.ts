/** The keys of `RUN --mount`, each with its reader (spec 3.5, table of options). */
import { suggest } from '../../core/suggest.ts';
import type { Expansion } from '../words/expand.ts';
import type { RunMount } from './mount.ts';
import { parseBinarySize, parseGoBoolean } from './values.ts';

export interface MountProblem {
  readonly message: string;
  readonly help?: string;
  /** The option it is about, in every spelling. */
  readonly keys?: readonly string[];
}

type MountType = RunMount['type'];
type Sharing = Extract<RunMount, { type: 'cache' }>['sharing'];

/** What one --mount says, option by option; what was not said is absent. */
export interface MountOptions {
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

type Reader = (options: MountOptions, value: string, key: string) => MountProblem | undefined;

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

/** The keys of `RUN --mount`, every spelling. */
export const mountOptionNames: readonly string[] = Object.keys(readers);

const bareKeys = new Set(['readonly', 'ro', 'readwrite', 'rw', 'required']);

/** Reads one field of the record into `options`, in place: some keys depend on what stood before them. */
export function readMountField(
  options: MountOptions,
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

function nearestKey(key: string): { help: string } {
  const nearest = suggest(key, mountOptionNames);
  return {
    help: nearest === undefined ? `the keys are ${mountOptionNames.join(' ')}` : `did you mean ${nearest}?`,
  };
}

function readTarget(options: MountOptions, value: string): undefined {
  options.target = value;
}

function readSource(options: MountOptions, value: string): undefined {
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

function readReadOnly(options: MountOptions, value: string, key: string): MountProblem | undefined {
  return readBoolean(value, key, (isReadOnly) => {
    options.isReadOnly = isReadOnly;
  });
}

function readReadWrite(options: MountOptions, value: string, key: string): MountProblem | undefined {
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
