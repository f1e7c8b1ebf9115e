import { assert } from '../core/assert.ts';
import type { Findings } from './findings.ts';
import type { PlanRequest } from './plan.ts';
import type { ResolvedBase } from './resolver.ts';
import { type StageState, stateOnImage, stateOnScratch, stateOnStage } from './stage-state.ts';
import { type FromUse, sourceOfUse } from './stages/dependencies.ts';
import { imageKey, type Reach } from './stages/reach.ts';
import type { ImageSource } from './stages/sources.ts';
import type { StageNode, StageStep } from './stages/stage-node.ts';
import type { StageGraph } from './stages/stage-order.ts';
import { isStep, stepPrefix, stepText } from './steps/labels.ts';
import { readStep } from './steps/read-step.ts';
import type { CopyOp, Op, SourceOrigin, VertexID } from './vertex.ts';
import { addImage, stageIDs, type Vertices } from './vertices.ts';

/** The settled, resolved part of a file: what its stages are turned into vertices from. */
export interface ResolvedStages {
  readonly request: PlanRequest;
  readonly globals: ReadonlyMap<string, string>;
  readonly graph: StageGraph;
  readonly reach: Reach;
  readonly findings: Findings;
}

interface StageResults {
  readonly vertices: Vertices;
  /** By index of the stage, as it stands at its end. */
  readonly states: Map<number, StageState>;
  readonly usedBuildArgs: Set<string>;
}

/** Reads the reached stages in file order, which puts each one after those it needs (spec 3, 4). */
export function stagesToVertices(resolved: ResolvedStages): StageResults {
  const results: StageResults = {
    vertices: new Map(),
    states: new Map(),
    usedBuildArgs: takenGlobally(resolved.request),
  };
  const ids = stageIDs(resolved.graph.nodes);
  for (const node of resolved.graph.nodes) {
    if (!resolved.reach.stages.has(node.index)) continue;
    results.states.set(node.index, readStage(node, ids.get(node) ?? node.name, resolved, results));
  }
  return results;
}

function readStage(
  node: StageNode,
  stageID: string,
  resolved: ResolvedStages,
  results: StageResults,
): StageState {
  const { graph } = resolved;
  const steps = graph.stepsOf(node);
  const bringsBase = node.base.kind === 'image' || node.base.kind === 'tree';
  const total = (bringsBase ? 1 : 0) + steps.filter(({ instruction }) => isStep(instruction)).length;
  const labelName = graph.nodes.length > 1 ? node.name : undefined;
  const state = startStage(node, `${stageID}/1`, stepPrefix(labelName, 1, total), resolved, results);
  let place = bringsBase ? 1 : 0;
  for (const step of steps) {
    if (isStep(step.instruction)) place++;
    const id = `${stageID}/${place}`;
    const prefix = stepPrefix(labelName, place, total);
    readOne(step, node, state, { id, prefix }, resolved, results);
  }
  return state;
}

function readOne(
  step: StageStep,
  node: StageNode,
  state: StageState,
  next: { id: VertexID; prefix: string },
  resolved: ResolvedStages,
  results: StageResults,
): void {
  const { instruction, firedBy } = step;
  const { request } = resolved;
  const escapeChar = firedBy === undefined ? request.dockerfile.directives.escape : '\\';
  const addVertex = (op: Op, sources: readonly VertexID[]): VertexID => {
    const text = stepText(instruction, state.scope, escapeChar);
    results.vertices.set(next.id, {
      id: next.id,
      op,
      inputs: [state.top, ...sources],
      label: `${next.prefix}${firedBy === undefined ? '' : 'ONBUILD '}${text}`,
      stage: node.name,
      span: firedBy ?? instruction.span,
      ignoresCache: ignoresCache(request, node, op),
    });
    state.top = next.id;
    return next.id;
  };
  readStep({
    request,
    globals: resolved.globals,
    findings: resolved.findings,
    usedBuildArgs: results.usedBuildArgs,
    state,
    instruction,
    firedBy,
    escape: escapeChar,
    addVertex,
    originOf: (use, sources) => originOf(use, sources, node, resolved, results),
  });
}

/** The state a stage starts with; what its FROM brings is added as vertex `id`, an image under its own. */
function startStage(
  node: StageNode,
  id: VertexID,
  labelPrefix: string,
  resolved: ResolvedStages,
  results: StageResults,
): StageState {
  const { base, name: stage } = node;
  const { targetPlatform } = resolved.request;
  const { span } = node.stage.from;
  switch (base.kind) {
    case 'scratch':
      return stateOnScratch(targetPlatform);
    case 'stage': {
      const parent = results.states.get(base.index);
      assert(parent !== undefined, 'a stage is read before those FROM it');
      return stateOnStage(parent);
    }
    case 'image': {
      const image = resolvedImage(base, resolved);
      const vertex = addImage(results.vertices, image, labelPrefix, stage, span, targetPlatform);
      return stateOnImage(image, vertex);
    }
    case 'tree': {
      const op = { ...wholeTree, origin: { kind: 'context', name: base.name } } as const;
      const label = `${labelPrefix}FROM ${base.name}`;
      results.vertices.set(id, { id, op, inputs: [undefined], label, stage, span, ignoresCache: false });
      const state = stateOnScratch(targetPlatform);
      state.top = id;
      const comment = 'buildkit.exporter.image.v0';
      state.history.push({ createdBy: `FROM ${base.name}`, comment, isEmptyLayer: false, vertex: id });
      return state;
    }
  }
}

/** A directory as a base is all its files on an empty root (spec 4.4). */
const wholeTree: Omit<CopyOp, 'origin'> = {
  kind: 'copy',
  instruction: 'COPY',
  sources: ['/'],
  heredocs: [],
  dest: '/',
  isLink: false,
  keepsParents: false,
  excludes: [],
};

function originOf(
  use: FromUse,
  sources: VertexID[],
  node: StageNode,
  resolved: ResolvedStages,
  results: StageResults,
): SourceOrigin {
  const { graph, request } = resolved;
  const source = sourceOfUse(use, graph);
  if (source === undefined || source.kind === 'scratch') return { kind: 'empty' };
  if (source.kind === 'tree') return { kind: 'context', name: source.name };
  const vertex =
    source.kind === 'stage'
      ? results.states.get(source.index)?.top
      : addImage(
          results.vertices,
          resolvedImage(source, resolved),
          '',
          node.name,
          use.span,
          request.targetPlatform,
        );
  if (vertex === undefined) return { kind: 'empty' };
  if (!sources.includes(vertex)) sources.push(vertex);
  return { kind: 'input', index: sources.indexOf(vertex) + 1 };
}

function resolvedImage(source: ImageSource, { reach }: ResolvedStages): ResolvedBase {
  const image = reach.images.get(imageKey(source));
  assert(image !== undefined, `${source.reference} was resolved`);
  return image;
}

/** A list of stages reaches their RUN, COPY and ADD only (spec 3.0.1). */
function ignoresCache({ noCache }: PlanRequest, { stage }: StageNode, { kind }: Op): boolean {
  if (noCache === true) return true;
  return stage.name !== undefined && noCache.has(stage.name) && kind !== 'mkdir';
}

function takenGlobally({ dockerfile, buildArgs }: PlanRequest): Set<string> {
  const declared = dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name.raw));
  return new Set(declared.filter((name) => buildArgs.has(name)));
}
