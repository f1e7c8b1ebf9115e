/** What progress shows of a step: `[build 2/5] RUN make` (spec 4.6). */
import type { Instruction } from '../../dockerfile/instruction.ts';
import type { EscapeChar } from '../../dockerfile/words/lex-state.ts';
import { lex } from '../../dockerfile/words/lexer.ts';
import { lookupIn, type Scope } from '../scope/stage-scope.ts';

/** `[platform name k/n] `, without what is not needed to tell steps apart. */
export function stepPrefix(names: readonly string[], place: number, total: number): string {
  return `[${[...names, `${place}/${total}`].join(' ')}] `;
}

/** The instruction in upper case with its arguments, variables that are set put in, quotes as they are. */
export function stepText(instruction: Instruction, scope: Scope, escapeChar: EscapeChar): string {
  const [, keyword = '', rest = ''] = /^(\S*)(.*)$/s.exec(instruction.text) ?? [];
  return keyword.toUpperCase() + withValues(rest, scope, escapeChar) + heredocHint(instruction);
}

function withValues(text: string, scope: Scope, escapeChar: EscapeChar): string {
  if (!text.includes('$')) return text;
  const lexed = lex(text, {
    lookup: lookupIn(scope),
    escape: escapeChar,
    quotes: 'keep',
    keepsEscapes: true,
    keepsUnset: true,
    joinsHeredocs: false,
  });
  return lexed.ok ? lexed.value : text;
}

/** The first line of a heredoc that is the whole command: its name alone says nothing. */
function heredocHint(instruction: Instruction): string {
  const isWholeCommand =
    instruction.kind === 'run' &&
    instruction.command.form === 'shell' &&
    /^[0-9]*<<-?\s*\S+$/.test(instruction.command.text);
  const body = isWholeCommand ? instruction.heredocs[0]?.body.trim() : undefined;
  if (body === undefined) return '';
  const [first = '', ...more] = body.split(/\r?\n/);
  return ` (${first}${more.length > 0 ? '...' : ''})`;
}
