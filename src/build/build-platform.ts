import { assert } from '../core/assert.ts';
import type { Platform } from '../core/platform.ts';
import { traced } from '../core/trace.ts';
import type { StoredLayer } from '../oci/descriptor.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import { finishConfig } from '../plan/image/finish-config.ts';
import type { Plan } from '../plan/plan.ts';
import { planBuild } from '../plan/plan-build.ts';
import type { SnapshotID } from '../snapshot/snapshotter.ts';
import type { BuildInputs } from './inputs/inputs.ts';
import type { ParsedInputs } from './inputs/parse-inputs.ts';
import type { LayerWish } from './output/output.ts';
import { planRequest } from './plan-request.ts';
import { platformsOf } from './platforms.ts';
import { type PlanOutcome, runPlan } from './run/run-plan.ts';
import type { BuildSession } from './session.ts';

/** What the Dockerfile came to on one platform. */
export interface PlatformBuild {
  readonly platform: Platform;
  readonly plan: Plan;
  readonly outcome: PlanOutcome;
  /** Absent when no output is an image. */
  readonly content?: ImageContent;
  /** The layers above the base, lowest first; none when no output is an image. */
  readonly layers: readonly StoredLayer[];
}

/** What an image is made of, however it is then dressed. */
export interface ImageContent {
  readonly config: ImageConfig;
  /** Lowest first; those of the base byte for byte as they were pulled. */
  readonly layers: readonly (StoredLayer & { readonly snapshot: SnapshotID; readonly isOfBase: boolean })[];
}

/** Plans the Dockerfile for one platform. */
export function planPlatform(
  { options, bases }: BuildSession,
  inputs: BuildInputs,
  parsed: ParsedInputs,
  platform: Platform,
): Promise<Plan> {
  const request = {
    ...planRequest(options, inputs, parsed, platform),
    labels: new Map(options.labels),
    showsPlatform: platformsOf(options).length > 1,
    noCache: options.noCache || new Set(options.noCacheFilter.map((name) => name.toLowerCase())),
    network: options.run.network,
  };
  return traced('plan', () => planBuild(request, bases));
}

/**
 * Runs a plan, and makes the image.
 * @param wish undefined when only files are wanted and no image
 * @param solved told when all steps are done; what they left may still be packed
 */
export async function buildPlatform(
  session: BuildSession,
  inputs: BuildInputs,
  plan: Plan,
  wish: LayerWish | undefined,
  solved: () => void,
): Promise<PlatformBuild> {
  const outcome = await traced('solve', () => runPlan(plan, session, inputs, wish));
  solved();
  const built = { platform: plan.image.platform, plan, outcome };
  if (wish === undefined) {
    await outcome.files();
    return { ...built, layers: [] };
  }
  const gather = () => gatherContent(session, plan, outcome, wish);
  return { ...built, ...(await traced('gather layers', gather)) };
}

/** Layers of the base are fetched if they are not here yet and have to be. */
async function gatherContent(
  session: BuildSession,
  plan: Plan,
  outcome: PlanOutcome,
  { mayBeRemote }: LayerWish,
): Promise<Required<Pick<PlatformBuild, 'content' | 'layers'>>> {
  const { io, store, bases } = session;
  const [below, layers] = await Promise.all([fetchBaseLayers(plan), outcome.layers()]);
  const placed = [...below, ...layers].map((layer, index) => {
    const snapshot = outcome.stack[index]?.snapshot;
    assert(snapshot !== undefined, 'a layer of the image is one of its filesystem');
    return { ...layer, snapshot, isOfBase: index < below.length };
  });
  const finished = layers.map(({ diffID }, index) => {
    const createdAt = outcome.stack[below.length + index]?.createdAt;
    assert(createdAt !== undefined, 'a layer that was built has a time');
    return { diffID, createdAt };
  });
  const config = await withCache(finishConfig(plan.image, finished), session, plan);
  return { content: { config, layers: placed }, layers };

  async function fetchBaseLayers({ image, vertices }: Plan): Promise<readonly StoredLayer[]> {
    const op = image.base === undefined ? undefined : vertices.get(image.base.vertex)?.op;
    if (op?.kind !== 'image') return [];
    const base = bases.of(op);
    if (mayBeRemote) return base.layers;
    const missing = base.layers.filter(({ descriptor }) => !store.blobs.holds(descriptor));
    await Promise.all(missing.map(({ descriptor }) => bases.fetch(descriptor, io.signal)));
    return base.layers;
  }
}

/** The config, with the cache in it if it is to travel inside of the image. */
async function withCache(
  config: ImageConfig,
  { options, accounts }: BuildSession,
  plan: Plan,
): Promise<ImageConfig> {
  if (!options.cacheTo.some(({ type }) => type === 'inline')) return config;
  const { inlineCache, inlineMember } = await import('./share/inline-cache.ts');
  const known = accounts.find((each) => each.plan === plan)?.accounts ?? new Map();
  const member: object = { [inlineMember]: inlineCache(plan, known) };
  return { ...config, ...member };
}
