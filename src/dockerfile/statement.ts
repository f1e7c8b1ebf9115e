/** One instruction between splitting and typing: what every instruction's own parser is given. */
import type { Span } from '../core/source/span.ts';
import type { Heredoc, Instruction, Word } from './instruction.ts';
import type { Problem, Report } from './report.ts';
import type { HeredocMark } from './text/heredoc.ts';
import { type LogicalLine, locate } from './text/logical-lines.ts';
import type { FlagToken, Token } from './text/split.ts';
import type { EscapeChar } from './words/lex-state.ts';

export type Keyword = Instruction['kind'];

export interface Statement {
  readonly line: LogicalLine;
  readonly keyword: Token;
  readonly flags: readonly FlagToken[];
  /** The argument text. */
  readonly rest: Token;
  readonly escape: EscapeChar;
  readonly marks: readonly HeredocMark[];
  readonly heredocs: readonly Heredoc[];
  /** Heredoc bodies included. */
  readonly span: Span;
  readonly report: Report;
}

/** Where in the file a part of the statement stands, continuation lines and all. */
export function spanOf(statement: Statement, token: { readonly start: number; readonly end: number }): Span {
  return locate(statement.line, token.start, token.end);
}

/** A token as a word; `raw` differs where quotes of another level were removed. */
export function wordOf(statement: Statement, token: Token, raw = token.text): Word {
  return { raw, span: spanOf(statement, token) };
}

/** Reports a problem under a token; under the keyword when the token is empty. */
export function complain(statement: Statement, problem: Problem, token: Token = statement.keyword): void {
  statement.report.error(problem, spanOf(statement, token.start === token.end ? statement.keyword : token));
}

/** The upper-case name, for messages. */
export function nameOf(statement: Statement): string {
  return statement.keyword.text.toUpperCase();
}
