/** What the lexer and its substitutions share: the rules, the place in the text, and how to fail. */
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

export interface LexFailure {
  readonly ok: false;
  readonly message: string;
  /** Into the input. */
  readonly offset: number;
  readonly help?: string;
}

/** Where lexing is. */
export interface LexState {
  readonly text: string;
  readonly rules: LexRules;
  at: number;
  /** Lexes up to `stop`, which is consumed, as at the top: what is inside of `${…}` is a word again. */
  word(stop: string): string;
  /** Nesting of `${…}`, bounded because it is recursion. */
  depth: number;
  keepsEscapes: boolean;
  readonly unset: Set<string>;
}

/** Thrown inside of the lexer only: `lex` returns its failure. */
export class LexError extends Error {
  readonly failure: LexFailure;
  constructor(message: string, offset: number, help?: string) {
    super(message);
    this.failure = { ok: false, message, offset, ...(help === undefined ? {} : { help }) };
  }
}

/** `stop` does not come. */
export function missing(stop: string, offset: number): LexError {
  return new LexError(`syntax error: missing '${stop}' in a substitution`, offset);
}
