/** Which flags each instruction knows, and what was given (spec 1.5). */
import { suggest } from '../../core/suggest.ts';
import type { Flag, Word } from '../instruction.ts';
import { duplicateFlag, flagNeedsValue, flagNotBoolean, unknownFlag } from '../problems/flags.ts';
import { type Keyword, nameOf, type Statement, spanOf } from '../statement.ts';
import type { FlagToken } from '../text/split.ts';

type FlagKind = 'string' | 'boolean' | 'list';

/** The flags of each instruction that has any. */
export const instructionFlags: Partial<Record<Keyword, Readonly<Record<string, FlagKind>>>> = {
  from: { platform: 'string' },
  run: { mount: 'list', network: 'string', security: 'string', device: 'list' },
  copy: {
    from: 'string',
    chown: 'string',
    chmod: 'string',
    link: 'boolean',
    parents: 'boolean',
    exclude: 'list',
  },
  add: {
    chown: 'string',
    chmod: 'string',
    link: 'boolean',
    exclude: 'list',
    checksum: 'string',
    'keep-git-dir': 'boolean',
    unpack: 'boolean',
  },
  healthcheck: {
    interval: 'string',
    timeout: 'string',
    'start-period': 'string',
    'start-interval': 'string',
    retries: 'string',
  },
};

/** The flags as written, names and values apart; nothing is checked. */
export function readFlags(statement: Statement): Flag[] {
  return statement.flags.map((token) => readFlag(statement, token));
}

function readFlag(statement: Statement, token: FlagToken): Flag {
  const [head = '', ...tail] = token.text.split('=');
  const hasValue = token.valueStart !== undefined;
  const valueStart = token.valueStart ?? token.end;
  return {
    name: head.slice('--'.length),
    value: hasValue ? tail.join('=') : undefined,
    span: spanOf(statement, token),
    nameSpan: spanOf(statement, { start: token.start, end: hasValue ? valueStart - 1 : token.end }),
    valueSpan: spanOf(statement, { start: valueStart, end: token.end }),
  };
}

/** Reports flags the instruction does not know, given twice, or given a value of the wrong kind. */
export function checkFlags(statement: Statement, keyword: Keyword, flags: readonly Flag[]): void {
  const { report } = statement;
  const kinds = instructionFlags[keyword] ?? {};
  const seen = new Set<string>();
  for (const { name, value, span, nameSpan, valueSpan } of flags) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const known = Object.keys(kinds);
      const problem = unknownFlag(nameOf(statement), name, known, suggest(name, known), ownerOf(name));
      report.error(problem, nameSpan);
      continue;
    }
    if (seen.has(name) && kind !== 'list') report.error(duplicateFlag(name), nameSpan);
    seen.add(name);
    if (kind === 'boolean') {
      if (value === '') report.error(flagNeedsValue(name, true), span);
      else if (!/^(true|false)$/i.test(value ?? 'true'))
        report.error(flagNotBoolean(name, value ?? ''), valueSpan);
    } else if (value === undefined) report.error(flagNeedsValue(name, false), span);
  }
}

/** The instruction a flag belongs to, when there is just one. */
function ownerOf(name: string): string | undefined {
  const owners = Object.entries(instructionFlags).filter(([, kinds]) => Object.hasOwn(kinds, name));
  return owners.length === 1 ? owners[0]?.[0].toUpperCase() : undefined;
}

/** The last value that the flag was given. */
export function flagWord(flags: readonly Flag[], name: string): Word | undefined {
  return flagWords(flags, name).at(-1);
}

/** Every value that the flag was given, in order. */
export function flagWords(flags: readonly Flag[], name: string): Word[] {
  return flags.flatMap((flag) =>
    flag.name === name && flag.value !== undefined ? [{ raw: flag.value, span: flag.valueSpan }] : [],
  );
}

/** A boolean flag: undefined when it was not given. */
export function flagSwitch(flags: readonly Flag[], name: string): boolean | undefined {
  const flag = flags.find((candidate) => candidate.name === name);
  return flag === undefined ? undefined : (flag.value ?? 'true').toLowerCase() === 'true';
}
