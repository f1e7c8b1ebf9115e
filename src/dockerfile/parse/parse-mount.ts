/** The values of `RUN --mount` (spec 3.5): one CSV record of options each. */
import { posix } from 'node:path';
import type { Span } from '../../core/source/span.ts';
import type { Word } from '../instruction.ts';
import type { Expansion } from '../words/expand.ts';
import { parseCsvRecord } from './csv.ts';
import type { RunMount } from './mount.ts';
import { type MountOptions, type MountProblem, readMountField } from './mount-options.ts';

export type ParsedMount =
  | { readonly ok: true; readonly mount: RunMount }
  | ({ readonly ok: false } & PlacedProblem);

/** A problem, and where in the file it is. */
interface PlacedProblem extends MountProblem {
  readonly span: Span;
}

/** What is wrong with a --mount in every stage, built or not: its CSV shape, and a variable in `from`. */
export function checkMountSyntax(word: Word): PlacedProblem | undefined {
  const record = parseCsvRecord(word.raw);
  if (!record.ok) return { message: `--mount is not a CSV record: ${record.message}`, span: word.span };
  for (const [index, field] of record.fields.entries()) {
    const [, from] = /^from=(.*)$/is.exec(field) ?? [];
    if (from !== undefined && /\$./s.test(from))
      return {
        message: `variable expansion is not supported in from=${from}`,
        help: 'define an alias stage and mount from it: FROM image:$TAG AS source',
        span: spanWithin(word, record.spans[index]),
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
  if (!record.ok)
    return { ok: false, message: `--mount is not a CSV record: ${record.message}`, span: word.span };
  const options: MountOptions = { type: 'bind' };
  for (const [index, field] of record.fields.entries()) {
    const problem = readMountField(options, field, expand);
    if (problem !== undefined) return { ok: false, ...problem, span: spanWithin(word, record.spans[index]) };
  }
  const problem = checkOptions(options);
  if (problem === undefined) return { ok: true, mount: complete(options, ordinal) };
  return { ok: false, ...problem, span: optionSpan(word, problem.keys ?? []) };
}

/** Where in the file an option of a --mount stands, the last one with any of the keys; all of the --mount without it. */
export function optionSpan(word: Word, keys: readonly string[]): Span {
  const record = parseCsvRecord(word.raw);
  if (!record.ok) return word.span;
  const index = record.fields.findLastIndex((field) =>
    keys.includes(field.replace(/=.*$/s, '').toLowerCase()),
  );
  return spanWithin(word, record.spans[index]);
}

/** All of the word where the part is empty, or quotes or escapes of the flag leave no way to count. */
function spanWithin({ raw, span }: Word, part: Span | undefined): Span {
  if (part === undefined || part.start === part.end || span.end - span.start !== raw.length) return span;
  return { start: span.start + part.start, end: span.start + part.end };
}

function checkOptions(options: MountOptions): MountProblem | undefined {
  const { type } = options;
  if (type === 'bind' || type === 'tmpfs') {
    for (const key of ['mode', 'uid', 'gid'] as const)
      if (options[key] !== undefined)
        return { message: `${key} not allowed for "${type}" type mounts`, keys: [key] };
  }
  if (type === 'secret') {
    if (options.from) return { message: 'secret mount should not have a from', keys: ['from'] };
    if (!options.source && !options.target && !options.id)
      return {
        message: 'invalid secret mount. one of source, target required',
        help: 'name the secret: type=secret,id=…',
      };
    if (options.source && options.id)
      return { message: "both source and id can't be set", help: 'they mean the same', keys: ['id'] };
  }
  if (type === 'ssh' && options.source)
    return {
      message: 'ssh mount does not support source',
      help: 'choose the agent with id=',
      keys: ['source', 'src'],
    };
  if (options.sharing !== undefined && type !== 'cache')
    return { message: `invalid cache sharing set for ${type} mount`, keys: ['sharing'] };
  return undefined;
}

function complete(options: MountOptions, ordinal: number): RunMount {
  const { type, target = '', uid, gid, mode } = options;
  const source = options.source || '/';
  const from = options.from ? { from: options.from } : {};
  // Of a directory that is chosen the owner is not: it brings its own.
  const isWhole = posix.join('/', source) === '/';
  const hasOwner = isWhole && (uid !== undefined || gid !== undefined || mode !== undefined);
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
      return {
        type,
        target,
        ...(options.sizeBytes ? { sizeBytes: options.sizeBytes } : {}),
        ...(options.isReadOnly ? { isReadOnly: true } : {}),
      };
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
