/** Build checks that look at a built stage as a whole (spec 6.2). */
import { baseImagePlatform, repeatedInstruction } from '../../dockerfile/lint/evaluated.ts';
import { stepsOf } from '../stages/stage-graph.ts';
import type { StageNode } from '../stages/stage-node.ts';
import type { Reading } from './reading.ts';

const onceOnly = [
  ['cmd', 'CMD'],
  ['entrypoint', 'ENTRYPOINT'],
  ['healthcheck', 'HEALTHCHECK'],
] as const;

/** Finds what only counts once and stands there more often, and a base image for another platform. */
export function checkStage(node: StageNode, reading: Reading): void {
  checkPlatform(node, reading);
  const steps = stepsOf(node, reading.graph);
  for (const [kind, keyword] of onceOnly) {
    const same = steps.filter(({ instruction }) => instruction.kind === kind);
    for (const { instruction, firedBy } of same.slice(0, -1)) {
      reading.linter.add(repeatedInstruction(keyword), firedBy ?? instruction.span, instruction.comments);
    }
  }
}

function checkPlatform({ base, stage }: StageNode, { linter, reach }: Reading): void {
  const image = base.kind === 'image' ? reach.images.resolved(base) : undefined;
  if (base.kind !== 'image' || image === undefined) return;
  linter.add(baseImagePlatform(image.reference, base.platform, image.platform), stage.from.image.span);
}
