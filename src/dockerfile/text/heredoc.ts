/** Here-documents (spec 1.8): finding them in a line, and what becomes of their bodies. */
import type { Command, Heredoc, RunInstruction } from '../instruction.ts';
import { type Expansion, expandBody } from '../words/expand.ts';
import type { LexRules, Lookup } from '../words/lex-state.ts';
import { lex } from '../words/lexer.ts';

/** What a word like `3<<-"EOF"` says. */
interface HeredocWord {
  readonly name: string;
  readonly fileDescriptor: string;
  readonly stripTabs: boolean;
  readonly quoted: boolean;
}

/** A heredoc word in a line of text, with its place there. */
export interface HeredocMark extends HeredocWord {
  readonly start: number;
  readonly end: number;
}

const heredocPattern = /^(\d*)<<(-?)[\t\n\f\r ]*([^<]+)$/;

/** Escapes are always `\` here, and the shell's variables stay. */
const lineRules: LexRules = {
  lookup: () => undefined,
  escape: '\\',
  quotes: 'keep',
  keepsEscapes: true,
  keepsUnset: true,
  joinsHeredocs: true,
};

/** The heredocs a logical line announces, in order; none when the line does not lex (an open quote). */
export function findHeredocs(line: string): HeredocMark[] {
  if (!line.includes('<<')) return [];
  const lexed = lex(line, lineRules);
  if (!lexed.ok) return [];
  return lexed.fields.flatMap(({ text, start, end }) => {
    const word = parseHeredocWord(text);
    return word === undefined ? [] : [{ ...word, start, end }];
  });
}

function parseHeredocWord(text: string): HeredocWord | undefined {
  const [, fileDescriptor = '', dash, delimiter] = heredocPattern.exec(text) ?? [];
  if (delimiter === undefined) return undefined;
  const plain = lex(delimiter, { ...lineRules, quotes: 'remove', keepsEscapes: false });
  const kept = lex(delimiter, { ...lineRules, keepsEscapes: false });
  const name = plain.ok ? onlyField(plain.fields) : undefined;
  const nameWithQuotes = kept.ok ? onlyField(kept.fields) : undefined;
  if (name === undefined || nameWithQuotes === undefined) return undefined;
  // Unlike POSIX, only quote characters count: `<<\EOF` is not quoted.
  const quoted = countQuotes(name) !== countQuotes(nameWithQuotes);
  return { name, fileDescriptor, stripTabs: dash === '-', quoted };
}

function onlyField(fields: readonly { text: string }[]): string | undefined {
  return fields.length === 1 ? fields[0]?.text : undefined;
}

function countQuotes(text: string): number {
  return text.replace(/[^'"]/g, '').length;
}

/** The body as used: with `<<-` without the leading tabs of its lines. */
function usedBody(heredoc: Heredoc): string {
  return heredoc.stripTabs ? heredoc.body.replace(/(^|\n)\t+/g, '$1') : heredoc.body;
}

/** What a heredoc source of COPY or ADD holds: expanded unless its delimiter is quoted. */
export function heredocContent(heredoc: Heredoc, lookup: Lookup): Expansion {
  const body = usedBody(heredoc);
  return heredoc.quoted ? { ok: true, value: body, unset: [] } : expandBody(body, lookup);
}

/** What a RUN executes. */
export type RunPayload =
  | { readonly kind: 'plain'; readonly command: Command }
  /** The shell runs the file `/dev/pipes/<name>`, mode 0755, with this text. */
  | { readonly kind: 'script'; readonly name: string; readonly text: string };

/**
 * The command of a RUN after its heredocs were put in (spec 1.8, "Use in RUN"): a command that is nothing
 * but one heredoc is that heredoc's body, as text or as a script when it starts with `#!` (no tab before it,
 * even where `<<-` takes tabs away); in every other case the shell gets line, bodies and delimiters together, and reads them itself.
 */
export function heredocCommand(run: RunInstruction): RunPayload {
  const { command, heredocs } = run;
  const [first] = heredocs;
  if (first === undefined || command.form === 'exec') return { kind: 'plain', command };
  if (parseHeredocWord(command.text) !== undefined) {
    const text = usedBody(first);
    if (first.body.startsWith('#!')) return { kind: 'script', name: first.name, text };
    return { kind: 'plain', command: { form: 'shell', text } };
  }
  const text = heredocs.reduce((sum, { body, name }) => `${sum}\n${body}${name}`, command.text);
  return { kind: 'plain', command: { form: 'shell', text } };
}
