import { expandWord } from '../../dockerfile/words/expand.ts';
import type { Findings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';
import { automaticArgs } from './build-args.ts';
import { lookupIn, loseValue, type Scope } from './stage-scope.ts';

/** What FROM lines and later global defaults can use, and what a stage's `ARG NAME` falls back to. */
export type GlobalScope = Pick<Scope, 'values' | 'lacks'>;

/**
 * The automatic arguments, then every ARG before the first FROM in order, each seeing the ones before it
 * (spec 2.6, 2.7). A name without any value is absent.
 */
export function evaluateGlobalArgs(request: PlanRequest, findings: Findings): GlobalScope {
  const { dockerfile, buildArgs } = request;
  const values = new Map(automaticArgs(request));
  const scope: GlobalScope = { values, lacks: dockerfile.mayLackArgs ? 'lines' : 'nothing' };
  for (const { name, value } of dockerfile.globalArgs.flatMap((instruction) => instruction.args)) {
    const given = buildArgs.get(name.raw);
    if (given !== undefined) values.set(name.raw, given);
    else if (value !== undefined) {
      const expanded = expandWord(value.raw, lookupIn(scope), dockerfile.directives.escape);
      if (expanded.ok) values.set(name.raw, expanded.value);
      else {
        const { message, help } = expanded;
        findings.error({ code: 'expansion-failed', message, span: value.span, help });
        loseValue(scope, name.raw);
      }
    }
  }
  return scope;
}
