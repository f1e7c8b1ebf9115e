import { suggest } from '../../core/suggest.ts';
import { didYouMean, type Findings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';
import { stageNamed } from './sources.ts';
import type { StageNode } from './stage-node.ts';

/** The stage that is asked for, by name in any case or by number from 0, else the last; undefined after a finding, and when
 * it may be one that could not be read. */
export function findTarget(
  { target, dockerfile }: PlanRequest,
  nodes: readonly StageNode[],
  findings: Findings,
): StageNode | undefined {
  if (target === undefined) return nodes.at(-1);
  const found = nodes[stageAsked(target, dockerfile.stages)];
  if (found !== undefined || dockerfile.mayLackStages) return found;
  const named = dockerfile.stages.flatMap((stage) => stage.name ?? []);
  findings.error({
    code: 'unknown-stage',
    message: `target stage "${target}" could not be found`,
    notes: [stagesOf(named, nodes.length)],
    help: didYouMean(suggest(target, named)),
  });
  return undefined;
}

/** No stage has a number for a name. */
function stageAsked(target: string, stages: PlanRequest['dockerfile']['stages']): number {
  return /^[0-9]+$/.test(target) ? Number(target) : stageNamed(stages, target);
}

function stagesOf(named: readonly string[], count: number): string {
  const numbers = count === 1 ? 'the only stage is number 0' : `stages are numbered 0 to ${count - 1}`;
  return named.length === 0 ? numbers : `${numbers}; names: ${named.join(', ')}`;
}
