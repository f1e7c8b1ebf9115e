import type { ArgInstruction, InstructionBase, KeyValueInstruction, Word } from '../instruction.ts';
import {
  blankName,
  cutSubstitution,
  missingEquals,
  needsArguments,
  needsTwoArguments,
} from '../problems/arguments.ts';
import { complain, nameOf, type Statement, wordOf } from '../statement.ts';
import { splitQuoted, type Token, token } from '../text/split.ts';
import { isAsciiBlank } from '../text/whitespace.ts';

/** ARG (spec 1.6, 3.2): every word is a name or `name=value`. */
export function parseArg(statement: Statement, base: InstructionBase<'arg'>): ArgInstruction | undefined {
  const tokens = splitQuoted(statement.line.text, statement.rest, statement.escape);
  if (tokens.length === 0) {
    complain(statement, needsArguments('ARG'));
    return undefined;
  }
  const args: { name: Word; value?: Word }[] = [];
  for (const word of tokens) {
    if (word.text.includes('=')) {
      const pair = splitPair(statement, word);
      if (pair !== undefined) args.push(pair);
    } else args.push({ name: wordOf(statement, word) });
  }
  return { ...base, args };
}

/** ENV and LABEL (spec 1.6, 3.3): `name=value …`, or one pair apart by blanks when the first word has no `=`. */
export function parseKeyValues<K extends 'env' | 'label'>(
  statement: Statement,
  base: InstructionBase<K>,
): KeyValueInstruction<K> | undefined {
  const tokens = splitQuoted(statement.line.text, statement.rest, statement.escape);
  const [first] = tokens;
  if (first === undefined) {
    complain(statement, needsArguments(nameOf(statement)));
    return undefined;
  }
  if (!first.text.includes('=')) {
    const pair = splitLegacy(statement);
    return pair && { ...base, pairs: [pair], isLegacy: true };
  }
  const pairs: { name: Word; value: Word }[] = [];
  const words = [...tokens];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!word.text.includes('=')) {
      complain(statement, missingEquals(word.text), word);
      if (word.text.startsWith('#')) break;
      continue;
    }
    const [next, ...others] = takeCutOff(word, words);
    if (next !== undefined) {
      const { end } = others.at(-1) ?? next;
      complain(statement, cutSubstitution(next.text), token(statement.line.text, word.start, end));
      continue;
    }
    const pair = splitPair(statement, word);
    if (pair !== undefined) pairs.push(pair);
  }
  return { ...base, pairs, isLegacy: false };
}

/** Takes the words that a blank cut off from a `${…}` of the word before them. */
function takeCutOff(word: Token, words: Token[]): Token[] {
  const taken: Token[] = [];
  let open = openBraces(word);
  for (let [next] = words; open > 0 && next !== undefined && !next.text.includes('='); [next] = words) {
    taken.push(next);
    words.shift();
    open += openBraces(next);
  }
  return taken;
}

function openBraces({ text }: Token): number {
  return (text.match(/\$\{/g)?.length ?? 0) - (text.match(/\}/g)?.length ?? 0);
}

/** Splits a word at its first `=`. */
function splitPair(statement: Statement, word: Token): { name: Word; value: Word } | undefined {
  const { text } = statement.line;
  const equals = word.start + word.text.indexOf('=');
  if (equals === word.start) {
    complain(statement, blankName(nameOf(statement)), word);
    return undefined;
  }
  return {
    name: wordOf(statement, token(text, word.start, equals)),
    value: wordOf(statement, token(text, equals + 1, word.end)),
  };
}

function splitLegacy(statement: Statement): { name: Word; value: Word } | undefined {
  const { line, rest } = statement;
  let nameEnd = rest.start;
  while (nameEnd < rest.end && !isAsciiBlank(line.text.charAt(nameEnd))) nameEnd++;
  let valueStart = nameEnd;
  while (valueStart < rest.end && isAsciiBlank(line.text.charAt(valueStart))) valueStart++;
  if (valueStart === nameEnd) {
    complain(statement, needsTwoArguments(nameOf(statement)), rest);
    return undefined;
  }
  return {
    name: wordOf(statement, token(line.text, rest.start, nameEnd)),
    value: wordOf(statement, token(line.text, valueStart, rest.end)),
  };
}
