import { assert } from '../core/assert.ts';
import { DockerfileError } from '../core/errors.ts';
import { openChecks } from './checks.ts';
import { collectFindings } from './findings.ts';
import { imageOfStage } from './image/image-draft.ts';
import { neededVertices } from './needed-vertices.ts';
import type { Plan, PlanRequest } from './plan.ts';
import { readFile } from './reading/read-file.ts';
import { settleFile } from './reading/settle-file.ts';
import type { BaseResolver } from './resolver.ts';
import { checkUnusedBuildArgs } from './scope/build-args.ts';
import { stepsOf } from './stages/stage-graph.ts';

/**
 * Turns a Dockerfile into the vertices its target needs and a draft of the image's config (spec 2, 3, 4, 7).
 * Everything that can be wrong without running anything is found here: first what holds for the whole file,
 * then images that are missing, then what the reached instructions say.
 * @throws DockerfileError with all findings of the phase that found any; what the resolver threw
 */
export async function planBuild(request: PlanRequest, resolver: BaseResolver): Promise<Plan> {
  const findings = collectFindings(request.dockerfile.source, request.maxDiagnostics);
  const checks = openChecks(request, findings);
  const settled = settleFile(request, 'target', findings);
  const reading = await readFile(settled.request, settled, resolver, checks.linter, findings);
  const steps = settled.graph.nodes.flatMap((node) => stepsOf(node, reading.graph));
  checkUnusedBuildArgs(request, steps, findings);
  findings.throwIfAny();
  const { warnings, violation } = checks.finish();
  if (violation !== undefined) throw new DockerfileError([violation, ...warnings]);

  const state = reading.states.get(settled.target.index);
  assert(state !== undefined, 'the target was read');
  return {
    vertices: neededVertices(reading.vertices, state.top),
    target: state.top,
    image: imageOfStage(state, request, settled.epochSeconds),
    warnings: [...findings.warnings(), ...warnings],
    usedBuildArgs: reading.usedBuildArgs,
  };
}
