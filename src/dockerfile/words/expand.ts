/** Variable expansion of Dockerfile words (spec 2.2 to 2.4). */
import type { EscapeChar, LexFailure, Lookup } from './lex-state.ts';
import { lex } from './lexer.ts';

export type Expansion =
  | {
      readonly ok: true;
      readonly value: string;
      /** Names that were used while not set. */
      readonly unset: readonly string[];
    }
  | LexFailure;

export type FieldExpansion =
  | { readonly ok: true; readonly values: readonly string[]; readonly unset: readonly string[] }
  | LexFailure;

/** Removes quotes and escapes and puts variables in: one word in, one word out. */
export function expandWord(raw: string, lookup: Lookup, escapeChar: EscapeChar): Expansion {
  if (!/["'$\\`]/.test(raw)) return { ok: true, value: raw, unset: [] };
  const lexed = lex(raw, { ...plainRules, lookup, escape: escapeChar });
  return lexed.ok ? { ok: true, value: lexed.value, unset: lexed.unset } : lexed;
}

/** As `expandWord`, then split at blanks that are neither quoted nor escaped: only EXPOSE does this (spec 2.4). */
export function expandFields(raw: string, lookup: Lookup, escapeChar: EscapeChar): FieldExpansion {
  const lexed = lex(raw, { ...plainRules, lookup, escape: escapeChar });
  if (!lexed.ok) return lexed;
  return { ok: true, values: lexed.fields.map((field) => field.text), unset: lexed.unset };
}

/** The body of an unquoted COPY heredoc: variables and `\` escapes, quotes are ordinary text (spec 1.8). */
export function expandBody(body: string, lookup: Lookup): Expansion {
  const lexed = lex(body, { ...plainRules, quotes: 'ordinary', lookup, escape: '\\' });
  return lexed.ok ? { ok: true, value: lexed.value, unset: lexed.unset } : lexed;
}

const plainRules = {
  quotes: 'remove',
  keepsEscapes: false,
  keepsUnset: false,
  joinsHeredocs: false,
} as const;
