import { suggest } from '../../core/suggest.ts';
import { didYouMean, type Findings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';
import type { GlobalScope } from '../scope/global-scope.ts';

/** End of the year 9999: later times have no RFC 3339 form. */
const lastSecond = 253_402_300_799;

/**
 * SOURCE_DATE_EPOCH in seconds (spec 2.9): the build argument, else a global ARG's value. An empty build argument
 * switches a default off. `context` and the name of a context mean the time of what was fetched, and none for a
 * directory.
 */
export function sourceDateEpoch(
  request: PlanRequest,
  globals: GlobalScope,
  findings: Findings,
): number | undefined {
  const text = request.buildArgs.get('SOURCE_DATE_EPOCH') ?? globals.values.get('SOURCE_DATE_EPOCH') ?? '';
  if (text === '') return undefined;
  if (text === 'context') return request.contextEpoch;
  if (/^[0-9]+$/.test(text) && Number(text) <= lastSecond) return Number(text);
  const named = request.contexts.get(text);
  if (named?.kind === 'tree') return named.epochSeconds;
  findings.error({
    code: 'invalid-source-date-epoch',
    message: `invalid SOURCE_DATE_EPOCH: ${text}`,
    notes: isStage(text, request) ? ['the time of what a stage adds is not known before it is built'] : [],
    help:
      didYouMean(suggest(text, ['context', ...request.contexts.keys()])) ??
      'want seconds since 1970 as an integer, "context" or the name of a build context',
  });
  return undefined;
}

function isStage(text: string, { dockerfile }: PlanRequest): boolean {
  return dockerfile.stages.some(({ name }) => name === text.toLowerCase());
}
