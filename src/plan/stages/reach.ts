import { StrataError } from '../../core/errors.ts';
import { printPlatform } from '../../core/platform.ts';
import type { Span } from '../../core/span.ts';
import type { Findings } from '../findings.ts';
import type { BaseResolver, ResolvedBase } from '../resolver.ts';
import { fromUses, sourceOfUse } from './dependencies.ts';
import { explainMissing, type MissingImage } from './missing-image.ts';
import type { ImageSource, StageSource } from './sources.ts';
import type { StageNode, StageStep } from './stage-node.ts';
import type { StageGraph } from './stage-order.ts';
import { fireTriggers } from './triggers.ts';

/** The part of a file that a target needs. */
export interface Reach {
  /** Indices of stages. */
  readonly stages: ReadonlySet<number>;
  /** Triggers of base images, by the stage that fires them. */
  readonly triggers: ReadonlyMap<StageNode, readonly StageStep[]>;
  readonly images: ReadonlyMap<string, ResolvedBase>;
}

/** Under which an image is found in `Reach.images`. */
export function imageKey({ reference, platform, isPlatformFixed }: ImageSource): string {
  return `${reference} ${printPlatform(platform)}${isPlatformFixed ? ' fixed' : ''}`;
}

/**
 * Finds what the target needs and has every image of it resolved, each as soon as it is known and all at
 * once: a base's triggers may need further stages and images (spec 3.17, 4.2).
 * @throws DockerfileError for names that look misspelt, else whatever the resolver threw first
 */
export async function reachFrom(
  target: StageNode,
  graph: StageGraph,
  resolver: BaseResolver,
  findings: Findings,
): Promise<Reach> {
  const stages = new Set<number>();
  const triggers = new Map<StageNode, readonly StageStep[]>();
  const pending = new Map<string, Promise<void>>();
  const images = new Map<string, ResolvedBase>();
  const missing: MissingImage[] = [];

  const resolve = async (source: ImageSource, span: Span, by: StageNode): Promise<void> => {
    const { reference, platform, isPlatformFixed } = source;
    try {
      const base = await resolver.resolveBase(reference, platform, span, isPlatformFixed);
      images.set(imageKey(source), base);
    } catch (error) {
      missing.push({ reference, span, by: by.stage, error });
    }
  };
  const resolveOnce = (source: ImageSource, span: Span, by: StageNode): Promise<void> => {
    const key = imageKey(source);
    const known = pending.get(key);
    if (known !== undefined) return known;
    const started = resolve(source, span, by);
    pending.set(key, started);
    return started;
  };
  const follow = async (source: StageSource | undefined, span: Span, by: StageNode): Promise<void> => {
    if (source?.kind === 'image') await resolveOnce(source, span, by);
    const stage = source?.kind === 'stage' ? graph.nodes[source.index] : undefined;
    if (stage !== undefined) await visit(stage);
  };
  const followUses = async (steps: readonly StageStep[], node: StageNode): Promise<void> => {
    const uses = steps.flatMap(fromUses);
    await Promise.all(uses.map((use) => follow(sourceOfUse(use, graph), use.span, node)));
  };
  const visitBase = async (node: StageNode): Promise<void> => {
    const { base, stage } = node;
    await follow(base, stage.from.image.span, node);
    const image = base.kind === 'image' ? images.get(imageKey(base)) : undefined;
    if (image === undefined || node.isReplaced) return;
    const fired = fireTriggers(image.config.config?.OnBuild ?? [], stage.from.span);
    for (const problem of fired.problems) findings.error(problem);
    triggers.set(node, fired.steps);
    await followUses(fired.steps, node);
  };
  // Not awaiting a stage that is being visited already: whoever came first does, and cycles must not hang.
  const visit = async (node: StageNode): Promise<void> => {
    if (stages.has(node.index)) return;
    stages.add(node.index);
    for (const problem of node.triggers.problems) findings.error(problem);
    await Promise.all([visitBase(node), followUses(graph.stepsOf(node), node)]);
  };

  await visit(target);
  throwMissing(missing, graph, findings);
  return { stages, triggers, images };
}

function throwMissing(missing: readonly MissingImage[], graph: StageGraph, findings: Findings): void {
  const unexplained = missing.filter((image) => {
    const finding = explainMissing(image, graph.names.stages);
    if (finding !== undefined) findings.error(finding);
    return finding === undefined;
  });
  findings.throwIfAny();
  const [first] = unexplained;
  if (first === undefined) return;
  if (first.error instanceof StrataError) first.error.place ??= { source: findings.source, span: first.span };
  throw first.error;
}
