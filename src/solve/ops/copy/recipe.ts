import type { Part, Recipe } from '../../../cache/recipe.ts';
import type { CopyOp } from '../../../plan/vertex.ts';
import { type StepTimes, timeParts } from '../step-times.ts';

/** What counts for the key of a COPY or ADD: the files by content; how and where they are put by the words of the instruction. */
export function copyRecipe(op: CopyOp, content: string, times: StepTimes, notes: readonly Part[]): Recipe {
  const parts: Part[] = [
    ['files', content],
    ['dest', op.dest],
  ];
  if (op.owner !== undefined) parts.push(['chown', op.owner]);
  if (op.mode !== undefined) parts.push(['chmod', op.mode]);
  if (op.isLink) parts.push(['link', 'true']);
  if (op.keepsParents) parts.push(['parents', 'true']);
  if (op.instruction === 'ADD') parts.push(['unpack', String(op.unpack ?? 'local')]);
  parts.push(...timeParts(times));
  const sources = op.sources.map((source): Part => ['source', op.keepsParents ? pivotOf(source) : source]);
  return { kind: 'copy', parts, notes: [...sources, ...notes] };
}

/** What stays behind of a source of `--parents`: the part before `/./`. */
function pivotOf(source: string): string {
  return /^(.*?)\/\.\//s.exec(source)?.[1] ?? '';
}
