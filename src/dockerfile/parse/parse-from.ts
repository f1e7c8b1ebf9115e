import type { FromInstruction, InstructionBase } from '../instruction.ts';
import { badFrom, badStageName } from '../problems/instructions.ts';
import { complain, type Statement, wordOf } from '../statement.ts';
import { splitBlanks } from '../text/split.ts';
import { flagWord } from './flags.ts';

const stageNamePattern = /^[a-z][a-z0-9_.-]*$/;

/** FROM (spec 3.1, 4.1). It begins a stage whatever is wrong with it; a bad name stays, for those who ask for it. */
export function parseFrom(statement: Statement, base: InstructionBase<'from'>): FromInstruction {
  const tokens = splitBlanks(statement.line.text, statement.rest);
  const [image, as, name] = tokens;
  const platform = flagWord(base.flags, 'platform');
  if (image === undefined) {
    complain(statement, badFrom([]));
    return { ...base, image: wordOf(statement, { ...statement.keyword, text: '' }) };
  }
  const from = { ...base, image: wordOf(statement, image), ...(platform && { platform }) };
  if (tokens.length === 1) return from;
  if (as === undefined || name === undefined) {
    complain(statement, badFrom(tokens.map(({ text }) => text)), statement.rest);
    return from;
  }
  const named = { ...from, name: name.text.toLowerCase() };
  if (tokens.length > 3 || as.text.toLowerCase() !== 'as') {
    complain(statement, badFrom(tokens.map(({ text }) => text)), statement.rest);
    return named;
  }
  if (!stageNamePattern.test(named.name)) complain(statement, badStageName(name.text), name);
  return { ...named, as: { keyword: wordOf(statement, as), name: wordOf(statement, name) } };
}
