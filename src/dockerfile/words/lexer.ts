/**
 * The shell-like lexer of the Dockerfile language (spec 2.2, 2.3): quotes, escapes and `$` forms, and on
 * the side the fields the result falls into. Every place that lexes differs only in its rules.
 */
import { type Field, fieldSplitter } from './fields.ts';
import { type Pattern, parsePattern, removePrefix, removeSuffix, replaceMatches } from './pattern.ts';

export type Lookup = (name: string) => string | undefined;
export type EscapeChar = '\\' | '`';

export interface LexRules {
  readonly lookup: Lookup;
  readonly escape: EscapeChar;
  /** `ordinary`: quote characters mean nothing (bodies of COPY heredocs). */
  readonly quotes: 'remove' | 'keep' | 'ordinary';
  readonly keepsEscapes: boolean;
  /** References to unset variables stay as they are written. */
  readonly keepsUnset: boolean;
  /** Blanks behind `<<` or `<<-` belong to the same field. */
  readonly joinsHeredocs: boolean;
}

export interface Lexed {
  readonly ok: true;
  readonly value: string;
  readonly fields: readonly Field[];
  /** Names that were looked up and not set, each once. */
  readonly unset: readonly string[];
}

export interface LexFailure {
  readonly ok: false;
  readonly message: string;
  /** Into the input. */
  readonly offset: number;
  readonly help?: string;
}

/** Lexes all of `text`. Never throws. */
export function lex(text: string, rules: LexRules): Lexed | LexFailure {
  const state: State = { text, rules, at: 0, depth: 0, keepsEscapes: rules.keepsEscapes, unset: new Set() };
  try {
    const { value, fields } = lexUntil(state, undefined);
    return { ok: true, value, fields, unset: [...state.unset] };
  } catch (error) {
    if (error instanceof LexError) return error.failure;
    throw error;
  }
}

interface State {
  readonly text: string;
  readonly rules: LexRules;
  at: number;
  /** Nesting of `${…}`, bounded because it is recursion. */
  depth: number;
  keepsEscapes: boolean;
  readonly unset: Set<string>;
}

const maxDepth = 200;

class LexError extends Error {
  readonly failure: LexFailure;
  constructor(message: string, offset: number, help?: string) {
    super(message);
    this.failure = { ok: false, message, offset, ...(help === undefined ? {} : { help }) };
  }
}

function unclosed(kind: 'single' | 'double', offset: number): LexError {
  const message = `unexpected end of statement while looking for matching ${kind}-quote`;
  return new LexError(message, offset, 'close it in this instruction, or put the escape character before it');
}

function missing(stop: string, offset: number): LexError {
  return new LexError(`syntax error: missing '${stop}' in a substitution`, offset);
}

/** Lexes up to `stop` (which is consumed) or the end of the text. */
function lexUntil(state: State, stop: string | undefined): { value: string; fields: Field[] } {
  const { text, rules } = state;
  const fields = fieldSplitter();
  let value = '';
  while (state.at < text.length) {
    const start = state.at;
    const char = text.charAt(start);
    if (char === stop) {
      state.at++;
      return { value, fields: fields.finish() };
    }
    if (char === '$') {
      const piece = lexDollar(state);
      value += piece;
      fields.add(piece, start, state.at);
    } else if ((char === "'" || char === '"') && rules.quotes !== 'ordinary') {
      const piece = char === "'" ? lexSingleQuoted(state) : lexDoubleQuoted(state);
      value += piece;
      fields.addUnsplit(piece, start, state.at);
    } else if (char === rules.escape) {
      const escaped = text.charAt(start + 1);
      state.at += 1 + escaped.length;
      const piece = state.keepsEscapes ? char + escaped : escaped;
      value += piece;
      fields.addUnsplit(piece, start, state.at);
    } else if (rules.joinsHeredocs && char === '<' && text.charAt(start + 1) === '<') {
      state.at = endOfHeredocOperator(text, start);
      const piece = text.slice(start, state.at);
      value += piece;
      fields.addUnsplit(piece, start, state.at);
    } else {
      state.at++;
      value += char;
      fields.add(char, start, state.at);
    }
  }
  if (stop !== undefined) throw missing(stop, text.length);
  return { value, fields: fields.finish() };
}

function endOfHeredocOperator(text: string, start: number): number {
  let at = start + 2;
  if (text.charAt(at) === '-') at++;
  while (text.charAt(at) === ' ' || text.charAt(at) === '\t' || text.charAt(at) === '\r') at++;
  return at;
}

function lexSingleQuoted(state: State): string {
  const open = state.at;
  const close = state.text.indexOf("'", open + 1);
  if (close < 0) {
    state.at = state.text.length;
    throw unclosed('single', open);
  }
  state.at = close + 1;
  return state.rules.quotes === 'keep'
    ? state.text.slice(open, close + 1)
    : state.text.slice(open + 1, close);
}

function lexDoubleQuoted(state: State): string {
  const { text, rules } = state;
  const open = state.at;
  const quote = rules.quotes === 'keep' ? '"' : '';
  let value = quote;
  state.at++;
  while (state.at < text.length) {
    const char = text.charAt(state.at);
    if (char === '"') {
      state.at++;
      return value + quote;
    }
    if (char === '$') {
      value += lexDollar(state);
      continue;
    }
    state.at++;
    if (char !== rules.escape) {
      value += char;
      continue;
    }
    if (state.keepsEscapes) value += char;
    const next = text.charAt(state.at);
    if (next === '"' || next === '$' || next === rules.escape) {
      value += next;
      state.at++;
    } else if (next !== '') {
      // Ordinary here: in a pattern the kept escape in front makes it a literal one.
      value += char;
    }
  }
  throw unclosed('double', open);
}

function lexDollar(state: State): string {
  const { text, rules } = state;
  const start = state.at;
  state.at++;
  if (text.charAt(state.at) === '{') return lexBraces(state, start);
  const name = lexName(state);
  if (name === '') return '$';
  const value = look(state, name);
  return value ?? (rules.keepsUnset ? `$${name}` : '');
}

function lexBraces(state: State, start: number): string {
  const { text } = state;
  if (++state.depth > maxDepth)
    throw new LexError('syntax error: substitutions are nested too deeply', start);
  state.at++;
  const first = text.charAt(state.at);
  if (first === '') throw missing('}', start);
  if ('{}:'.includes(first)) throw new LexError('syntax error: bad substitution', start);
  const name = lexName(state);
  const result = lexModifier(state, name, start);
  state.depth--;
  return result;
}

function lexModifier(state: State, name: string, start: number): string {
  const { text, rules } = state;
  let modifier = takeChar(state);
  if (modifier === '') throw missing('}', start);
  if (modifier === '}') return look(state, name) ?? (rules.keepsUnset ? text.slice(start, state.at) : '');
  if (modifier === '/') return replace(state, name, start);
  const emptyIsUnset = modifier === ':';
  if (emptyIsUnset) modifier += takeChar(state);
  const kind = modifier.slice(-1);
  const isTrim = kind === '#' || kind === '%';
  if (modifier === ':') throw missing('}', start);
  if (!'+-?#%'.includes(kind) || (emptyIsUnset && isTrim))
    throw new LexError(
      `unsupported modifier (${modifier}) in substitution`,
      start,
      'a name is followed by one of :- - :+ + :? ? # ## % %% / //; what else a shell knows is for RUN',
    );

  const word = lexNested(state, '}', isTrim, start);
  const value = look(state, name);
  if (value === undefined && rules.keepsUnset) return text.slice(start, state.at);
  const isMissing = value === undefined || (emptyIsUnset && value === '');
  if (kind === '-') return isMissing ? word : (value ?? '');
  if (kind === '+') return isMissing ? '' : word;
  if (kind === '?') {
    if (!isMissing) return value ?? '';
    const why = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
    throw new LexError(`${name}: ${word === '' ? why : word}`, start);
  }
  const longest = word.startsWith(kind);
  const pattern = compile(longest ? word.slice(1) : word, start);
  const remove = kind === '#' ? removePrefix : removeSuffix;
  return remove(value ?? '', pattern, longest);
}

/** `${v/p/r}` and `${v//p/r}`, just behind the first slash. */
function replace(state: State, name: string, start: number): string {
  const { text, rules } = state;
  const all = text.charAt(state.at) === '/';
  if (all) state.at++;
  const pattern = lexNested(state, '/', true, start);
  const replacement = lexNested(state, '}', true, start).replaceAll('\\}', '}');
  const value = look(state, name);
  if (value === undefined && rules.keepsUnset) return text.slice(start, state.at);
  return replaceMatches(value ?? '', compile(pattern, start), replacement, all);
}

function compile(text: string, start: number): Pattern {
  const parsed = parsePattern(text);
  if ('message' in parsed)
    throw new LexError(`invalid pattern (${text}) in substitution: ${parsed.message}`, start);
  return parsed.pattern;
}

/** A word inside `${…}`; it has the quoting rules of its surroundings, and its own rule for escapes. */
function lexNested(state: State, stop: '}' | '/', keepsEscapes: boolean, start: number): string {
  const outer = state.keepsEscapes;
  state.keepsEscapes = keepsEscapes;
  try {
    return lexUntil(state, stop).value;
  } catch (error) {
    // A quote left open swallows the closing brace: the brace is what a person misses.
    if (error instanceof LexError && state.at >= state.text.length) throw missing(stop, start);
    throw error;
  } finally {
    state.keepsEscapes = outer;
  }
}

function takeChar(state: State): string {
  const code = state.text.codePointAt(state.at);
  if (code === undefined) return '';
  const char = String.fromCodePoint(code);
  state.at += char.length;
  return char;
}

const specialNames = '@*#?-$!0';
const namePattern = /(?:\p{Nd}+|[\p{L}_][\p{L}\p{Nd}_]*)/uy;

/** All digits, or one special character, or letters, digits and `_`; '' when none of these follows. */
function lexName(state: State): string {
  namePattern.lastIndex = state.at;
  let name = namePattern.exec(state.text)?.[0] ?? '';
  if (name === '') {
    const char = state.text.charAt(state.at);
    if (char !== '' && specialNames.includes(char)) name = char;
  }
  state.at += name.length;
  return name;
}

function look(state: State, name: string): string | undefined {
  const value = state.rules.lookup(name);
  if (value === undefined) state.unset.add(name);
  return value;
}
