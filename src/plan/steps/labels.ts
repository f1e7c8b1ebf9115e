/** What progress shows of a step: `[build 2/5] RUN make` (spec 4.6). */
import type { Instruction } from '../../dockerfile/instruction.ts';
import { type EscapeChar, lex } from '../../dockerfile/lexer.ts';
import { lookupIn, type Scope } from '../scope.ts';

/** `[name k/n] `; the name is left out when the file has one stage only. */
export function stepPrefix(name: string | undefined, place: number, total: number): string {
  return name === undefined ? `[${place}/${total}] ` : `[${name} ${place}/${total}] `;
}

/** The instruction in upper case with its arguments, variables that are set put in, quotes as they are. */
export function stepText(instruction: Instruction, scope: Scope, escapeChar: EscapeChar): string {
  const [, keyword = '', rest = ''] = /^(\S*)(.*)$/s.exec(instruction.text) ?? [];
  const lexed = lex(rest, {
    lookup: lookupIn(scope),
    escape: escapeChar,
    quotes: 'keep',
    keepsEscapes: true,
    keepsUnset: true,
    joinsHeredocs: false,
  });
  return keyword.toUpperCase() + (lexed.ok ? lexed.value : rest) + heredocHint(instruction);
}

/** The first line of a heredoc that is the whole command: its name alone says nothing. */
function heredocHint(instruction: Instruction): string {
  if (instruction.kind !== 'run' || instruction.heredocs.length !== 1) return '';
  const lines = (instruction.heredocs[0]?.body ?? '').split('\n').filter((line) => line.trim() !== '');
  const [first = ''] = lines;
  const short = first.trim().slice(0, 60);
  return ` (${short}${lines.length > 1 || short.length < first.trim().length ? '...' : ''})`;
}

/** Instructions that count in `k/n`. */
export function isStep({ kind }: Instruction): boolean {
  return kind === 'run' || kind === 'copy' || kind === 'add' || kind === 'workdir';
}
