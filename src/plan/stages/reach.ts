import type { Span } from '../../core/span.ts';
import type { Findings } from '../findings.ts';
import type { BaseResolver } from '../resolver.ts';
import { fromUses, sourceOfUse } from './dependencies.ts';
import { type ImageResolution, resolveImages } from './resolve-images.ts';
import type { StageSource } from './sources.ts';
import type { StageGraph } from './stage-graph.ts';
import type { StageNode, StageStep } from './stage-node.ts';
import { fireTriggers } from './triggers.ts';

/** The part of a file that a target needs. */
export interface Reach {
  /** Indices of stages. */
  readonly stages: ReadonlySet<number>;
  /** What those stages fire. */
  readonly triggers: ReadonlyMap<StageNode, readonly StageStep[]>;
  readonly images: ImageResolution;
}

/**
 * Finds what the target needs and has every image of it resolved, each as soon as it is known and all at
 * once: the triggers of a base may need further stages and images (spec 3.17, 4.2).
 * @throws DockerfileError, or what the resolver threw, when images are missing
 */
export async function reachFrom(
  target: StageNode,
  graph: StageGraph,
  resolver: BaseResolver,
  findings: Findings,
): Promise<Reach> {
  const stages = new Set<number>();
  const triggers = new Map<StageNode, readonly StageStep[]>();
  const images = resolveImages(resolver);

  const follow = async (source: StageSource | undefined, span: Span, by: StageNode): Promise<void> => {
    if (source?.kind === 'image') await images.resolve(source, span, by.stage);
    const stage = source?.kind === 'stage' ? graph.nodes[source.index] : undefined;
    if (stage !== undefined) await visit(stage);
  };
  const followUses = async (steps: readonly StageStep[], by: StageNode): Promise<void> => {
    const uses = steps.flatMap(fromUses);
    await Promise.all(uses.map((use) => follow(sourceOfUse(use, graph), use.span, by)));
  };
  const visitBase = async (node: StageNode): Promise<void> => {
    const { base, isReplaced, stage } = node;
    await follow(base, stage.from.image.span, node);
    const texts = isReplaced ? [] : triggerTexts(base, graph, images);
    const fired = fireTriggers(texts, stage.from.span, findings);
    triggers.set(node, fired);
    await followUses(fired, node);
  };
  // A stage that is being visited already is not waited for: whoever came first does, and cycles must not hang.
  const visit = async (node: StageNode): Promise<void> => {
    if (stages.has(node.index)) return;
    stages.add(node.index);
    await Promise.all([visitBase(node), followUses(node.own, node)]);
  };

  await visit(target);
  images.throwMissing(graph.names.stages, findings);
  return { stages, triggers, images };
}

/** What a base leaves to the stage that is FROM it: a stage only what it declares itself. */
function triggerTexts(base: StageSource, graph: StageGraph, images: ImageResolution): readonly string[] {
  if (base.kind === 'image') return images.resolved(base)?.config.config?.OnBuild ?? [];
  const parent = base.kind === 'stage' ? graph.nodes[base.index]?.own : undefined;
  return (parent ?? []).flatMap(({ instruction }) =>
    instruction.kind === 'onbuild' ? [instruction.trigger] : [],
  );
}
