import { printPlatform } from '../../core/platform.ts';
import type { PlanRequest } from '../plan.ts';
import { stepsOf } from '../stages/stage-graph.ts';
import type { StageNode, StageStep } from '../stages/stage-node.ts';
import { readStep } from '../steps/read-step.ts';
import type { Op, Vertex, VertexID } from '../vertex.ts';
import { openGaps } from './gaps.ts';
import { stepPrefix, stepText } from './labels.ts';
import { originOf } from './origin.ts';
import type { Reading } from './reading.ts';
import { checkStage } from './stage-checks.ts';
import type { StageState } from './stage-state.ts';
import { startStage } from './start-stage.ts';

/** Reads the reached stages in file order, which puts each one after those it needs (spec 3, 4). */
export function stagesToVertices(reading: Reading): void {
  const { graph, reach, states, request } = reading;
  const ids = stageIDs(graph.nodes, shownPlatform(request));
  for (const node of graph.nodes) {
    if (reach.stages.has(node.index)) states.set(node.index, readStage(node, ids.get(node) ?? '', reading));
  }
}

/** What the vertices of each stage are called by: its name, unless several have it. */
function stageIDs(nodes: readonly StageNode[], platform: readonly string[]): ReadonlyMap<StageNode, string> {
  const counts = new Map<string, number>();
  for (const { name } of nodes) counts.set(name, (counts.get(name) ?? 0) + 1);
  const own = ({ name, index }: StageNode) => (counts.get(name) === 1 ? name : `${name}~${index}`);
  return new Map(nodes.map((node) => [node, [...platform, own(node)].join(' ')]));
}

function readStage(node: StageNode, stageID: string, reading: Reading): StageState {
  const { graph, vertices } = reading;
  checkStage(node, reading);
  const known = vertices.size;
  const state = startStage(node, `${stageID}/1`, reading);
  const bringsFiles = node.base.kind === 'image' || node.base.kind === 'tree';
  // An image that was met before keeps the label of its first use.
  const places = new Map<VertexID, number>(
    state.top !== undefined && vertices.size > known ? [[state.top, 1]] : [],
  );
  let place = bringsFiles ? 1 : 0;
  const gaps = openGaps(node, state);
  for (const step of stepsOf(node, graph)) {
    if (step.firedBy === undefined) gaps.passTo(step.instruction.span.start);
    const id = `${stageID}/${place + 1}`;
    readInPlace(step, id, node, state, reading);
    if (state.top === id) places.set(id, ++place);
  }
  gaps.passTo(Number.POSITIVE_INFINITY);
  numberSteps(places, place, labelNames(node, reading), vertices);
  return state;
}

/** Only what makes a vertex is a step, `WORKDIR /` for one is none: how many there are is known at the end. */
function numberSteps(
  places: ReadonlyMap<VertexID, number>,
  total: number,
  names: readonly string[],
  vertices: Map<VertexID, Vertex>,
): void {
  for (const [id, place] of places) {
    const vertex = vertices.get(id);
    if (vertex !== undefined)
      vertices.set(id, { ...vertex, label: stepPrefix(names, place, total) + vertex.label });
  }
}

/** The platform when several are built, the stage when the file has several (spec 4.6). */
function labelNames({ name }: StageNode, { graph, request }: Reading): string[] {
  const platform = shownPlatform(request);
  return graph.nodes.length > 1 ? [...platform, name] : platform;
}

function shownPlatform({ showsPlatform, targetPlatform }: PlanRequest): string[] {
  return showsPlatform === true ? [printPlatform(targetPlatform)] : [];
}

/** Reads one instruction; a vertex it makes is called `id` and stands on top of the stage. */
function readInPlace(
  { instruction, firedBy }: StageStep,
  id: VertexID,
  node: StageNode,
  state: StageState,
  reading: Reading,
): void {
  const { request, globals, findings, linter, usedBuildArgs, taken, vertices } = reading;
  const escapeChar = firedBy === undefined ? request.dockerfile.directives.escape : '\\';
  const prefix = firedBy === undefined ? '' : 'ONBUILD ';
  readStep({
    request,
    globals,
    findings,
    linter,
    usedBuildArgs,
    taken,
    state,
    instruction,
    firedBy,
    escape: escapeChar,
    addVertex: (op, sources) => {
      vertices.set(id, {
        id,
        op,
        inputs: [state.top, ...sources],
        label: prefix + stepText(instruction, state.scope, escapeChar),
        stage: node.name,
        span: firedBy ?? instruction.span,
        ignoresCache: ignoresCache(request, node, op),
      });
      state.top = id;
      return id;
    },
    originOf: (use, sources) => originOf(use, sources, node, reading),
  });
}

/** A list of stages reaches their RUN, COPY and ADD only (spec 3.0.1). */
function ignoresCache({ noCache }: PlanRequest, { stage }: StageNode, { kind }: Op): boolean {
  if (noCache === true) return true;
  return stage.name !== undefined && noCache.has(stage.name) && kind !== 'mkdir';
}
