/**
 * The shell-like lexer of the Dockerfile language (spec 2.2, 2.3): quotes, escapes and `$` forms, and on
 * the side the fields the result falls into. Every place that lexes differs only in its rules.
 */
import { type Field, fieldSplitter } from './fields.ts';
import { LexError, type LexFailure, type LexRules, type LexState, missing } from './lex-state.ts';
import { lexDollar } from './substitution.ts';

export interface Lexed {
  readonly ok: true;
  readonly value: string;
  readonly fields: readonly Field[];
  /** Names that were looked up and not set, each once. */
  readonly unset: readonly string[];
}

/** Lexes all of `text`. Never throws. */
export function lex(text: string, rules: LexRules): Lexed | LexFailure {
  const state: LexState = {
    ...{ text, rules, at: 0, depth: 0, keepsEscapes: rules.keepsEscapes, unset: new Set() },
    word: (stop) => lexUntil(state, stop).value,
  };
  try {
    const { value, fields } = lexUntil(state, undefined);
    return { ok: true, value, fields, unset: [...state.unset] };
  } catch (error) {
    if (error instanceof LexError) return error.failure;
    throw error;
  }
}

/** Lexes up to `stop` (which is consumed) or the end of the text. */
function lexUntil(state: LexState, stop: string | undefined): { value: string; fields: Field[] } {
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

function lexSingleQuoted(state: LexState): string {
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

function lexDoubleQuoted(state: LexState): string {
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

function unclosed(kind: 'single' | 'double', offset: number): LexError {
  const message = `unexpected end of statement while looking for matching ${kind}-quote`;
  return new LexError(message, offset, 'close it in this instruction, or put the escape character before it');
}
