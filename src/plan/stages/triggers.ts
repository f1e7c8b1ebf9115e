import type { Span } from '../../core/source/span.ts';
import { parseTrigger } from '../../dockerfile/parse/trigger.ts';
import type { Findings } from '../findings.ts';
import type { StageStep } from './stage-node.ts';

/**
 * The steps that ONBUILD texts come to in a stage that is FROM their image or stage (spec 3.17). They run
 * right after FROM, and whatever is wrong with them is shown there: the only text the person can see.
 */
export function fireTriggers(texts: readonly string[], from: Span, findings: Findings): StageStep[] {
  return texts.flatMap((text) => {
    const { instructions, diagnostics } = parseTrigger(text);
    const shared = { span: from, notes: [`in the trigger ONBUILD ${firstLine(text)}`] };
    for (const { code, message, help } of diagnostics) findings.error({ ...shared, code, message, help });
    const [instruction, ...more] = instructions;
    if (more.length > 0)
      findings.error({ ...shared, code: 'bad-trigger', message: 'a trigger must be one instruction' });
    return instruction === undefined ? [] : [{ instruction, firedBy: from }];
  });
}

/** A note is one line: of a heredoc, or of more than one instruction, the first. */
function firstLine(text: string): string {
  const [first = '', ...more] = text.split('\n');
  return more.length === 0 ? first : `${first}…`;
}
