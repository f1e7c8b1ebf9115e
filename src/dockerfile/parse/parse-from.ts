import type { FromInstruction, InstructionBase } from '../instruction.ts';
import { badFrom, badStageName } from '../problems.ts';
import { complain, type Statement, wordOf } from '../statement.ts';
import { splitBlanks } from '../text/split.ts';
import { flagWord } from './flags.ts';

const stageNamePattern = /^[a-z][a-z0-9_.-]*$/;

/** FROM (spec 3.1, 4.1). A bad name is reported and dropped: the stage is still worth reading. */
export function parseFrom(statement: Statement, base: InstructionBase<'from'>): FromInstruction | undefined {
  const tokens = splitBlanks(statement.line.text, statement.rest);
  const [image, as, name] = tokens;
  const platform = flagWord(base.flags, 'platform');
  if (image === undefined) {
    complain(statement, badFrom(0));
    return undefined;
  }
  const from = { ...base, image: wordOf(statement, image), ...(platform && { platform }) };
  if (tokens.length === 1) return from;
  if (as === undefined || name === undefined || tokens.length > 3 || as.text.toLowerCase() !== 'as') {
    complain(statement, badFrom(tokens.length), statement.rest);
    return from;
  }
  const lower = name.text.toLowerCase();
  if (!stageNamePattern.test(lower)) {
    complain(statement, badStageName(name.text), name);
    return from;
  }
  return { ...from, name: lower, as: { keyword: wordOf(statement, as), name: wordOf(statement, name) } };
}
