import type { Linter } from '../../dockerfile/lint/linter.ts';
import type { Findings } from '../findings.ts';
import type { BaseResolver } from '../resolver.ts';
import { takenGlobally } from '../scope/build-args.ts';
import { reachFrom } from '../stages/reach.ts';
import { checkStageOrder } from '../stages/stage-order.ts';
import type { Reading } from './reading.ts';
import type { SettledFile } from './settle-file.ts';
import { stagesToVertices } from './stages-to-vertices.ts';

/**
 * Reads the wanted stages and all they need. What is wrong with them is among the findings afterwards; of images that
 * are missing nothing is known (`reach.images`).
 */
export async function readFile(
  { request, globals, graph, wanted }: SettledFile,
  resolver: BaseResolver,
  linter: Linter,
  findings: Findings,
): Promise<Reading> {
  const reach = await reachFrom(wanted, graph, resolver, findings);
  const fullGraph = { ...graph, triggers: reach.triggers };
  checkStageOrder(wanted, fullGraph, findings);
  const reading: Reading = {
    ...{ request, globals, graph: fullGraph, reach, findings, linter },
    vertices: new Map(),
    states: new Map(),
    usedBuildArgs: takenGlobally(request),
    taken: { args: [], mounts: [] },
  };
  stagesToVertices(reading);
  reach.images.reportMissing(graph.names.stages, findings);
  return reading;
}
