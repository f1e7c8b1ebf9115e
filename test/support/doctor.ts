import type { Outcome } from './process.ts';
import type { Site } from './site.ts';

export interface Finding {
  readonly name: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly text: string;
  readonly remedy?: string;
}

/** What `strata doctor --json` said. Without cgroups: it names those of other stores, which say nothing about this one. */
export function findingsOf({ stdout }: Outcome): Finding[] {
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return findings.filter(({ name }) => name !== 'leftover cgroup');
}

/** What doctor finds in a store that neither the next build nor a prune removes. */
export async function leakedBy(site: Pick<Site, 'strata'>): Promise<string[]> {
  const findings = findingsOf(await site.strata(['doctor', '--json']));
  const left = findings.filter(({ name }) => name.startsWith('leftover'));
  if (left.length === 0) throw new Error('doctor did not get as far as to look for leftovers');
  return left.filter(({ verdict }) => verdict !== 'ok').map(({ text }) => text);
}
