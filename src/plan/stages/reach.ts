import type { Span } from '../../core/source/span.ts';
import type { Findings } from '../findings.ts';
import type { BaseResolver } from '../resolver.ts';
import { fromUses, sourceOfUse } from './dependencies.ts';
import { type ImageResolution, resolveImages } from './resolve-images.ts';
import type { StageSource } from './sources.ts';
import type { StageGraph } from './stage-graph.ts';
import type { StageNode, StageStep } from './stage-node.ts';
import { fireTriggers } from './triggers.ts';

/** The part of a file that the wanted stages need. */
export interface Reach {
  /** Indices of stages. */
  readonly stages: ReadonlySet<number>;
  /** What those stages fire. */
  readonly triggers: ReadonlyMap<StageNode, readonly StageStep[]>;
  readonly images: ImageResolution;
}

/**
 * Finds what the wanted stages need and has their images resolved, all at once; the triggers of a base may need
 * further stages and images, which are then the next round (spec 3.17, 4.2).
 * Of an image that is missing nothing is known.
 */
export async function reachFrom(
  wanted: readonly StageNode[],
  graph: StageGraph,
  resolver: BaseResolver,
  findings: Findings,
): Promise<Reach> {
  const stages = new Set<number>();
  const triggers = new Map<StageNode, readonly StageStep[]>();
  const images = resolveImages(resolver);
  const asked: Promise<unknown>[] = [];
  const open = [...wanted];

  const need = (source: StageSource | undefined, span: Span, by: StageNode): void => {
    if (source?.kind === 'image') asked.push(images.resolve(source, span, by.stage));
    const stage = source?.kind === 'stage' ? graph.nodes[source.index] : undefined;
    if (stage !== undefined) open.push(stage);
  };
  const needUses = (steps: readonly StageStep[], by: StageNode): void => {
    for (const use of steps.flatMap(fromUses)) need(sourceOfUse(use, graph), use.span, by);
  };
  const fire = (node: StageNode): void => {
    const texts = node.isReplaced ? [] : triggerTexts(node.base, graph, images);
    const fired = fireTriggers(texts, node.stage.from.span, findings);
    triggers.set(node, fired);
    needUses(fired, node);
  };

  while (open.length > 0) {
    const onImages: StageNode[] = [];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (stages.has(node.index)) continue;
      stages.add(node.index);
      need(node.base, node.stage.from.image.span, node);
      needUses(node.own, node);
      if (node.base.kind === 'image') onImages.push(node);
      else fire(node);
    }
    await Promise.all(asked);
    for (const node of onImages) fire(node);
  }
  await Promise.all(asked);
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
