import type { Findings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';

/** End of the year 9999: later times have no RFC 3339 form. */
const lastSecond = 253_402_300_799;

/**
 * SOURCE_DATE_EPOCH in seconds (spec 2.9): the build argument, else a global ARG's value. An empty build
 * argument switches a default off; `context` means no time for a local directory.
 */
export function sourceDateEpoch(
  request: PlanRequest,
  globals: ReadonlyMap<string, string>,
  findings: Findings,
): number | undefined {
  const text = request.buildArgs.get('SOURCE_DATE_EPOCH') ?? globals.get('SOURCE_DATE_EPOCH') ?? '';
  if (text === '' || text === 'context') return undefined;
  if (/^[0-9]+$/.test(text) && Number(text) <= lastSecond) return Number(text);
  findings.error({
    code: 'invalid-source-date-epoch',
    message: `invalid SOURCE_DATE_EPOCH: ${text}`,
    help: 'want seconds since 1970 as an integer',
  });
  return undefined;
}
