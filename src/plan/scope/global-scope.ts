import { expandWord } from '../../dockerfile/words/expand.ts';
import type { Findings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';
import { automaticArgs } from './build-args.ts';

/**
 * What FROM lines and later global defaults can use, and what a stage's `ARG NAME` falls back to: the
 * automatic arguments, then every ARG before the first FROM in order, each seeing the ones before it
 * (spec 2.6, 2.7). A name without any value is absent.
 */
export function evaluateGlobalArgs(request: PlanRequest, findings: Findings): ReadonlyMap<string, string> {
  const { dockerfile, buildArgs } = request;
  const values = new Map(automaticArgs(request));
  for (const { name, value } of dockerfile.globalArgs.flatMap((instruction) => instruction.args)) {
    const given = buildArgs.get(name.raw);
    if (given !== undefined) values.set(name.raw, given);
    else if (value !== undefined) {
      const expanded = expandWord(value.raw, (other) => values.get(other), dockerfile.directives.escape);
      if (expanded.ok) values.set(name.raw, expanded.value);
      else {
        const { message, help } = expanded;
        findings.error({ code: 'expansion-failed', message, span: value.span, help });
      }
    }
  }
  return values;
}
