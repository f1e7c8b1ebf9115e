/** A logical line taken apart: name, flags, argument text (spec 1.5), and the argument text into words (1.6). */
import type { EscapeChar } from '../words/lex-state.ts';
import { asciiBlanks, isAsciiBlank, isSpace, skipSpaces, trimEnd } from './whitespace.ts';

/** A stretch of the joined text of a logical line. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A word in front of the arguments that starts with `--`, quotes and escapes removed from `text`. */
export interface FlagToken extends Token {
  /** Where the value starts in the line; undefined without `=`. */
  readonly valueStart: number | undefined;
}

export interface SplitLine {
  readonly keyword: Token;
  readonly flags: readonly FlagToken[];
  /** Everything else, without outer blanks. */
  readonly rest: Token;
}

/** Splits [from, end) of a line. Outer blanks must be gone. */
export function splitInstruction(text: string, from: number, to: number, escapeChar: EscapeChar): SplitLine {
  let at = from;
  while (at < to && !isAsciiBlank(text.charAt(at))) at++;
  const keyword = token(text, from, at);
  while (at < to && isAsciiBlank(text.charAt(at))) at++;
  const flags: FlagToken[] = [];
  for (;;) {
    at = skipSpaces(text, at, to);
    if (!text.startsWith('--', at) || at + 1 >= to) break;
    const flag = readFlag(text, at, to, escapeChar);
    at = flag.end;
    if (flag.text === '--') break;
    flags.push(flag);
  }
  const start = skipSpaces(text, at, to);
  return { keyword, flags, rest: token(text, start, Math.max(start, trimEnd(text, start, to))) };
}

function readFlag(text: string, start: number, to: number, escapeChar: EscapeChar): FlagToken {
  let value = '';
  let quote = '';
  let valueStart: number | undefined;
  let at = start;
  for (; at < to; at++) {
    let char = text.charAt(at);
    if (quote === '' && isSpace(char)) break;
    if (quote === '' ? char === '"' || char === "'" : char === quote) {
      quote = quote === '' ? char : '';
      continue;
    }
    if (char === escapeChar) {
      at++;
      char = at < to ? text.charAt(at) : '';
    }
    value += char;
    if (char === '=') valueStart ??= at + 1;
  }
  const end = Math.min(at, to);
  return { text: value, start, end, valueStart };
}

/** A part of `text` with its place in it; `end` is exclusive. */
export function token(text: string, start: number, end: number): Token {
  return { text: text.slice(start, end), start, end };
}

/** Splits at runs of ASCII blanks; quotes do not group. */
export function splitBlanks(line: string, range: Token): Token[] {
  const tokens: Token[] = [];
  let at = range.start;
  for (const { index, 0: blanks } of range.text.matchAll(asciiBlanks)) {
    tokens.push(token(line, at, range.start + index));
    at = range.start + index + blanks.length;
  }
  if (range.text !== '') tokens.push(token(line, at, range.end));
  return tokens;
}

/**
 * Splits at spaces outside quotes, which stay in the words for the expansion to remove. An unclosed quote
 * runs to the end, an escape character at the very end vanishes.
 */
export function splitQuoted(line: string, range: Token, escapeChar: EscapeChar): Token[] {
  const tokens: Token[] = [];
  let start = skipSpaces(line, range.start, range.end);
  while (start < range.end) {
    const { end, next } = readQuotedWord(line, start, range.end, escapeChar);
    if (end > start) tokens.push(token(line, start, end));
    start = skipSpaces(line, next, range.end);
  }
  return tokens;
}

function readQuotedWord(
  line: string,
  start: number,
  to: number,
  escapeChar: EscapeChar,
): { readonly end: number; readonly next: number } {
  let quote = '';
  let at = start;
  for (; at < to; at++) {
    const char = line.charAt(at);
    if (char === escapeChar && quote !== "'") {
      if (at + 1 === to) return { end: at, next: to };
      at++;
    } else if (quote === '') {
      if (isSpace(char)) break;
      if (char === '"' || char === "'") quote = char;
    } else if (char === quote) quote = '';
  }
  return { end: at, next: at };
}
