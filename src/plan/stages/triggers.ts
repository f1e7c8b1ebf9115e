import type { Span } from '../../core/span.ts';
import { parseTrigger } from '../../dockerfile/trigger.ts';
import type { Findings } from '../findings.ts';
import type { StageStep } from './stage-node.ts';

/**
 * The steps that the ONBUILD texts of a base come to (spec 3.17). They run right after FROM; whatever is
 * wrong with them is reported at the FROM line, the only text the person can see.
 */
export function fireTriggers(texts: readonly string[], from: Span, findings: Findings): StageStep[] {
  return texts.flatMap((text) => {
    const { instructions, diagnostics } = parseTrigger(text);
    for (const diagnostic of diagnostics) report(diagnostic.code, diagnostic.message, text, from, findings);
    const [instruction, ...more] = instructions;
    if (instruction === undefined) return [];
    if (more.length > 0) {
      report('bad-trigger', 'a trigger must be a single instruction', text, from, findings);
      return [];
    }
    return [{ instruction, firedBy: from }];
  });
}

function report(code: string, message: string, text: string, span: Span, findings: Findings): void {
  findings.error({ code, message, span, notes: [`in the trigger ONBUILD ${text}`] });
}
