/** From a split line to a typed instruction (spec 3): one parser per instruction, in a table. */
import type {
  Instruction,
  InstructionBase,
  ListInstruction,
  OnbuildInstruction,
  ValueInstruction,
  Word,
} from '../instruction.ts';
import { emptyVolume, needsArguments, needsOneArgument, onlyStrings } from '../problems/arguments.ts';
import { onbuildChain, onbuildTrigger } from '../problems/instructions.ts';
import { complain, type Keyword, nameOf, type Statement, spanOf, wordOf } from '../statement.ts';
import { locate } from '../text/logical-lines.ts';
import { splitBlanks } from '../text/split.ts';
import { checkFlags, readFlags } from './flags.ts';
import { parseJsonArray } from './json-array.ts';
import { parseCommandInstruction, parseRun, parseShell } from './parse-command.ts';
import { parseAdd, parseCopy } from './parse-copy.ts';
import { parseFrom } from './parse-from.ts';
import { isNone, parseHealthcheck } from './parse-healthcheck.ts';
import { parseArg, parseKeyValues } from './parse-key-values.ts';

type Parser<K extends Keyword> = (
  statement: Statement,
  base: InstructionBase<K>,
) => Extract<Instruction, { kind: K }> | undefined;

const parsers: { readonly [K in Keyword]: Parser<K> } = {
  add: parseAdd,
  arg: parseArg,
  cmd: parseCommandInstruction,
  copy: parseCopy,
  entrypoint: parseCommandInstruction,
  env: parseKeyValues,
  expose: parseExpose,
  from: parseFrom,
  healthcheck: parseHealthcheck,
  label: parseKeyValues,
  maintainer: parseValue,
  onbuild: parseOnbuild,
  run: parseRun,
  shell: parseShell,
  stopsignal: parseValue,
  user: parseValue,
  volume: parseVolume,
  workdir: parseValue,
};

/** Every instruction name, in upper case. */
export const instructionNames: readonly string[] = Object.keys(parsers).map((name) => name.toUpperCase());

/** The instruction a name stands for, in any case. */
export function keywordOf(name: string): Keyword | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(parsers, lower) ? (lower as Keyword) : undefined;
}

/** Types one instruction; what is wrong goes to the statement's report. */
export function parseInstruction<K extends Keyword>(statement: Statement, kind: K): Instruction | undefined {
  const { line, keyword, rest, span } = statement;
  const flags = readFlags(statement);
  if (!swallowsFlags(kind, rest.text)) checkFlags(statement, kind, flags);
  const base: InstructionBase<K> = {
    kind,
    span,
    keyword: wordOf(statement, keyword),
    flags,
    comments: line.comments,
    text: line.text.slice(keyword.start, Math.max(keyword.end, rest.end)),
    ...(line.emptyContinuation && { emptyContinuation: line.emptyContinuation }),
  };
  return parsers[kind](statement, base);
}

function swallowsFlags(kind: Keyword, rest: string): boolean {
  return (
    kind === 'arg' ||
    kind === 'stopsignal' ||
    (kind === 'healthcheck' && isNone(rest.split(/\s/, 1)[0] ?? ''))
  );
}

function parseValue<K extends 'workdir' | 'user' | 'stopsignal' | 'maintainer'>(
  statement: Statement,
  base: InstructionBase<K>,
): ValueInstruction<K> | undefined {
  if (statement.rest.text === '') {
    complain(statement, needsOneArgument(nameOf(statement)));
    return undefined;
  }
  return { ...base, value: wordOf(statement, statement.rest) };
}

/** EXPOSE (spec 3.13); ports are read after expansion. */
function parseExpose(
  statement: Statement,
  base: InstructionBase<'expose'>,
): ListInstruction<'expose'> | undefined {
  const tokens = splitBlanks(statement.line.text, statement.rest);
  if (tokens.length === 0) {
    complain(statement, needsArguments('EXPOSE'));
    return undefined;
  }
  return { ...base, words: tokens.map((word) => wordOf(statement, word)) };
}

/** VOLUME (spec 3.14). */
function parseVolume(
  statement: Statement,
  base: InstructionBase<'volume'>,
): ListInstruction<'volume'> | undefined {
  const { line, rest } = statement;
  const array = parseJsonArray(rest.text);
  if (array.kind === 'mixed') {
    complain(statement, onlyStrings(), rest);
    return undefined;
  }
  const words: Word[] =
    array.kind === 'none'
      ? splitBlanks(line.text, rest).map((word) => wordOf(statement, word))
      : array.items.map(({ value, start, end }) => ({
          raw: value.trim(),
          span: spanOf(statement, { start: rest.start + start, end: rest.start + end }),
        }));
  if (words.length === 0) complain(statement, needsArguments('VOLUME'), rest);
  for (const word of words) if (word.raw === '') statement.report.error(emptyVolume(), word.span);
  return words.length === 0 ? undefined : { ...base, words };
}

/** ONBUILD (spec 3.17): the trigger stays text; mistakes in it show up where it fires. */
function parseOnbuild(
  statement: Statement,
  base: InstructionBase<'onbuild'>,
): OnbuildInstruction | undefined {
  const { rest, heredocs, line } = statement;
  if (rest.text === '') {
    complain(statement, needsArguments('ONBUILD'));
    return undefined;
  }
  const [name = ''] = rest.text.split(/[\t\v\f\r ]/, 1);
  const upper = name.toUpperCase();
  const span = locate(line, rest.start, rest.start + name.length);
  if (upper === 'ONBUILD') statement.report.error(onbuildChain(), span);
  else if (upper === 'FROM' || upper === 'MAINTAINER') statement.report.error(onbuildTrigger(upper), span);
  const trigger = heredocs.reduce((sum, heredoc) => `${sum}\n${heredoc.body}${heredoc.name}`, rest.text);
  return { ...base, trigger };
}
