import type { Span } from '../../core/span.ts';
import { parseTrigger } from '../../dockerfile/trigger.ts';
import type { Finding } from '../findings.ts';
import type { StageStep } from './stage-node.ts';

/** What the ONBUILD texts of a base come to in the stage that is FROM it. */
export interface FiredTriggers {
  readonly steps: readonly StageStep[];
  /** To be reported if the stage is built at all. */
  readonly problems: readonly Finding[];
}

export const noTriggers: FiredTriggers = { steps: [], problems: [] };

/**
 * Reads triggers (spec 3.17). They run right after FROM, and whatever is wrong with them is shown at the
 * FROM line, the only text the person can see.
 */
export function fireTriggers(texts: readonly string[], from: Span): FiredTriggers {
  const steps: StageStep[] = [];
  const problems: Finding[] = [];
  for (const text of texts) {
    const { instructions, diagnostics } = parseTrigger(text);
    const notes = [`in the trigger ONBUILD ${text}`];
    for (const { code, message, help } of diagnostics)
      problems.push({ code, message, help, span: from, notes });
    const [instruction, ...more] = instructions;
    if (more.length > 0) {
      problems.push({ code: 'bad-trigger', message: 'a trigger must be one instruction', span: from, notes });
    } else if (instruction !== undefined) steps.push({ instruction, firedBy: from });
  }
  return { steps, problems };
}
