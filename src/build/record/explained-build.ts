import { join } from 'node:path';
import type { Cause } from '../../cache/explain/cause.ts';
import { withChanges } from '../../cache/explain/recipe-changes.ts';
import { openFileLists } from '../../cache/file-lists.ts';
import { HostError } from '../../core/errors.ts';
import type { BuildRecord } from './build-record.ts';
import { openBuildRecords } from './build-records.ts';
import { filesComparer } from './files-comparer.ts';

/**
 * The record of a build, its causes as far as they can be told now: which files changed is worked out when
 * somebody asks.
 *
 * @param number the last build unless given
 * @throws HostError `no-such-build`
 */
export function explainedBuild(root: string, number?: number): BuildRecord {
  const builds = openBuildRecords(root);
  const known = builds.numbers();
  const wanted = number ?? known.at(-1);
  const record = wanted === undefined ? undefined : builds.read(wanted);
  if (record === undefined) {
    const [first, last] = [known.at(0), known.at(-1)];
    throw wanted === undefined
      ? new HostError('no-such-build', `no build is recorded in ${join(root, 'builds')}`)
      : new HostError('no-such-build', `there is no record of build ${wanted}`, {
          hint: first === undefined ? undefined : `the builds on record are ${first} to ${last}`,
        });
  }
  const compareFiles = filesComparer(openFileLists(root));
  const complete = (cause: Cause): Cause =>
    cause.kind !== 'files' || cause.changes !== undefined ? cause : withChanges(cause, compareFiles);
  const plans = record.plans.map((plan) => ({
    ...plan,
    steps: plan.steps.map((step) =>
      step.causes === undefined ? step : { ...step, causes: step.causes.map(complete) },
    ),
  }));
  return { ...record, plans };
}
