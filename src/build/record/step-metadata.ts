import { sayCause } from '../../cache/explain/words.ts';
import type { BuildRecord, RecordedStep } from './build-record.ts';

/** What each step of a build came to, and why, as programs read it; docs/BUILDS.md describes the members. */
export function stepMetadata({ plans }: BuildRecord): object[] {
  return plans.flatMap(({ steps }) => steps.map(describe));
}

function describe({ label, result, from, isCovered, key, durationMs, causes }: RecordedStep): object {
  return {
    label,
    result: result ?? null,
    ...(result === 'cached' ? { from: isCovered === true ? 'covered' : (from ?? 'store') } : {}),
    durationMs: durationMs ?? 0,
    key: key ?? null,
    ...(causes === undefined ? {} : { causes: causes.map((cause) => ({ text: sayCause(cause), ...cause })) }),
  };
}
