import { assert } from '../core/assert.ts';
import { DockerfileError } from '../core/errors.ts';
import { openChecks } from './checks.ts';
import { collectFindings } from './findings.ts';
import { imageOfStage } from './image/image-draft.ts';
import { neededVertices } from './needed-vertices.ts';
import type { Plan, PlanRequest } from './plan.ts';
import { readFile } from './reading/read-file.ts';
import { settleFile } from './reading/settle-file.ts';
import { type BaseResolver, noImages } from './resolver.ts';
import { checkUnusedBuildArgs } from './scope/build-args.ts';
import { stepsOf } from './stages/stage-graph.ts';

/**
 * Turns a Dockerfile into the vertices its target needs and a draft of the image's config (spec 2, 3, 4, 7).
 * Everything that can be wrong without running anything is found here, and told together. For a file that is wrong
 * by itself no image is asked for: what they set is unknown then.
 * @throws DockerfileError with all that is wrong with the file; else what the resolver threw
 */
export async function planBuild(request: PlanRequest, resolver: BaseResolver): Promise<Plan> {
  const findings = collectFindings(request);
  const checks = openChecks(request, findings);
  const settled = settleFile(request, 'target', findings);
  const bases = findings.errors().length > 0 ? noImages : resolver;
  const reading = await readFile(settled, bases, checks.linter, findings);
  const steps = settled.graph.nodes.flatMap((node) => stepsOf(node, reading.graph));
  checkUnusedBuildArgs(request, steps, findings);
  const { target } = settled;
  findings.throwIfAny();
  reading.reach.images.throwMissing();
  assert(target !== undefined, 'without a finding there is a target');
  const { warnings, violation } = checks.finish();
  if (violation !== undefined) throw new DockerfileError([violation, ...warnings]);

  const state = reading.states.get(target.index);
  assert(state !== undefined, 'the target was read');
  return {
    vertices: neededVertices(reading.vertices, state.top),
    target: state.top,
    image: imageOfStage(state, request, settled.epochSeconds),
    warnings: [...findings.warnings(), ...warnings],
    usedBuildArgs: reading.usedBuildArgs,
  };
}
