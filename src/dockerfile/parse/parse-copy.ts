import type { AddInstruction, CopyInstruction, InstructionBase } from '../instruction.ts';
import { heredocDestination, needsDestination, onlyStrings } from '../problems/arguments.ts';
import { copyFromVariable } from '../problems/flags.ts';
import { oddPaths } from '../problems/odd-paths.ts';
import { complain, nameOf, type Statement, wordOf } from '../statement.ts';
import { splitBlanks, type Token } from '../text/split.ts';
import { expandWord } from '../words/expand.ts';
import { flagSwitch, flagWord, flagWords } from './flags.ts';
import { parseJsonArray } from './json-array.ts';

/** COPY (spec 3.6). */
export function parseCopy(statement: Statement, base: InstructionBase<'copy'>): CopyInstruction | undefined {
  const common = parseFiles(statement, base);
  const from = flagWord(base.flags, 'from');
  if (from !== undefined) {
    const expanded = expandWord(from.raw, () => undefined, statement.escape);
    if (!expanded.ok || expanded.value !== from.raw)
      statement.report.error(copyFromVariable(from.raw), from.span);
  }
  if (common === undefined) return undefined;
  return { ...common, ...(from && { from }), keepsParents: flagSwitch(base.flags, 'parents') ?? false };
}

/** ADD (spec 3.7). */
export function parseAdd(statement: Statement, base: InstructionBase<'add'>): AddInstruction | undefined {
  const common = parseFiles(statement, base);
  if (common === undefined) return undefined;
  const checksum = flagWord(base.flags, 'checksum');
  const keepGitDir = flagSwitch(base.flags, 'keep-git-dir');
  const unpack = flagSwitch(base.flags, 'unpack');
  return {
    ...common,
    ...(checksum && { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}

function parseFiles<K extends 'copy' | 'add'>(statement: Statement, base: InstructionBase<K>) {
  const { flags } = base;
  const paths = readPaths(statement);
  if (paths === undefined) return undefined;
  const owner = flagWord(flags, 'chown');
  const mode = flagWord(flags, 'chmod');
  return {
    ...base,
    ...paths,
    heredocs: statement.heredocs,
    ...(owner && { owner }),
    ...(mode && { mode }),
    isLink: flagSwitch(flags, 'link') ?? false,
    excludes: flagWords(flags, 'exclude'),
  };
}

/** Sources without the heredocs, and the destination. */
function readPaths(statement: Statement): Pick<CopyInstruction, 'sources' | 'dest' | 'oddPaths'> | undefined {
  const { line, rest, marks } = statement;
  const array = parseJsonArray(rest.text);
  if (array.kind === 'mixed') {
    complain(statement, onlyStrings(), rest);
    return undefined;
  }
  const words =
    array.kind === 'strings'
      ? array.items.map(({ value, start, end }) => ({
          text: value,
          start: rest.start + start,
          end: rest.start + end,
        }))
      : splitBlanks(line.text, rest);
  const isHeredoc = (word: Token) => marks.some(({ start, end }) => word.start < end && start < word.end);
  const dest = words.at(-1);
  const count = words.filter((word) => !isHeredoc(word)).length + marks.length;
  if (dest === undefined || count < 2) {
    complain(statement, needsDestination(nameOf(statement)), rest);
    return undefined;
  }
  if (isHeredoc(dest)) {
    complain(statement, heredocDestination(nameOf(statement)), dest);
    return undefined;
  }
  const sources = words.slice(0, -1).filter((word) => !isHeredoc(word));
  const odd =
    array.kind === 'none'
      ? oddPaths(
          rest.text,
          words.map(({ text }) => text),
        )
      : undefined;
  return {
    sources: sources.map((word) => wordOf(statement, word)),
    dest: wordOf(statement, dest),
    ...(odd === undefined ? {} : { oddPaths: odd }),
  };
}
