import { suggest } from '../../core/suggest.ts';
import { didYouMean, type Findings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';
import { stageNamed } from './sources.ts';
import type { StageNode } from './stage-node.ts';

/** The stage that is asked for, by name in any case and never by number, else the last; undefined after a finding. */
export function findTarget(
  { target, dockerfile }: PlanRequest,
  nodes: readonly StageNode[],
  findings: Findings,
): StageNode | undefined {
  if (target === undefined) return nodes.at(-1);
  const found = nodes[stageNamed(dockerfile.stages, target)];
  if (found !== undefined) return found;
  const named = dockerfile.stages.flatMap((stage) => stage.name ?? []);
  findings.error({
    code: 'unknown-stage',
    message: `target stage "${target}" could not be found`,
    notes: [named.length === 0 ? 'no stage has a name' : `stages: ${named.join(', ')}`],
    help: /^[0-9]+$/.test(target)
      ? 'a target is named, not numbered: FROM … AS name'
      : didYouMean(suggest(target, named)),
  });
  return undefined;
}
