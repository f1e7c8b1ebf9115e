/** Writes down what a build came to, and why its steps ran. */
import { resolve } from 'node:path';
import { maskRecipe } from '../../cache/mask.ts';
import type { BlobInfo } from '../../content/blob-store.ts';
import { StrataError } from '../../core/errors.ts';
import { printPlatform } from '../../core/platform.ts';
import type { SourceText } from '../../core/source/span.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Vertex } from '../../plan/vertex.ts';
import type { PlanAccounts, StepAccount } from '../../solve/step-result.ts';
import type { PlatformBuild } from '../build-platform.ts';
import type { BuildOptions, BuiltImage } from '../options.ts';
import { layerChain } from '../run/layer-chain.ts';
import type { BuildSession } from '../session.ts';
import type { BuildRecord, PlanRecord, RecordedStep } from './build-record.ts';
import { explainSteps } from './explain-steps.ts';
import { filesComparer } from './files-comparer.ts';
import { imageRecord, pushRecords } from './record-image.ts';

export interface BuildEnd {
  readonly images: readonly BuiltImage[];
  /** The platforms that were finished. */
  readonly builds: readonly PlatformBuild[];
  /** What ended the build, if it did not end well. */
  readonly error?: unknown;
}

/** Earlier builds that a step is compared with: people try things back and forth. */
const buildsCompared = 8;

/** Whether somebody is told at once why steps ran; who asks later finds it out then. */
export function isExplained({ explain, failOnMiss, metadataFile }: BuildOptions): boolean {
  return explain || failOnMiss || metadataFile !== undefined;
}

/** Records a build that has ended; `steps` of its plans say why they ran. */
export function recordBuild(session: BuildSession, dockerfile: SourceText, end: BuildEnd): BuildRecord {
  const { options, store, imports, io, accounts } = session;
  const plans = accounts.map((each) =>
    withOrigins(planRecord(each, dockerfile, ownLayers(each.plan, end)), session),
  );
  const projects = projectsOf(session, dockerfile);
  const isHit = plans.every(({ steps }) => steps.every(({ result }) => result === 'cached'));
  const latest = [...take(store.builds.ofProject(projects), isHit ? 1 : buildsCompared)];
  const earlier = isHit ? [] : latest;
  // What others built elsewhere comes after what was built here.
  const known = [...earlier.flatMap((build) => build.plans), ...imports.all().flatMap((each) => each.plans)];
  const explained = plans.map((plan) =>
    explainSteps(plan, known, {
      recipe: (key) => store.steps.look(key)?.recipe ?? imports.find(key)[0]?.record.recipe,
      compareFiles: isExplained(options) ? filesComparer(store.fileLists) : () => undefined,
      ignoreFlag: options.noCache ? '--no-cache' : '--no-cache-filter',
    }),
  );
  const { error } = end;
  return store.builds.add(
    {
      schema: 2,
      startedAt: session.startedAt,
      finishedAt: io.now(),
      outcome: error === undefined ? 'done' : io.signal.aborted ? 'canceled' : 'failed',
      ...(error instanceof StrataError ? { error: { code: error.code, message: error.message } } : {}),
      context: contextName(options.context),
      ...(options.dockerfile === undefined ? {} : { dockerfile: options.dockerfile }),
      ...(options.target === undefined ? {} : { target: options.target }),
      tags: options.tags,
      images: end.images.map((image) => imageRecord(image, plans, latest)),
      plans: explained,
      work: session.work.notOf(new Set(plans.flatMap(({ steps }) => steps.map(({ id }) => id)))),
      pushes: pushRecords(session.pushes),
    },
    projects,
  );
}

/** The layers above the base, as the image has them or, when there is none yet, as they were packed. */
function ownLayers(plan: Plan, { images, builds }: BuildEnd): readonly BlobInfo[] {
  const index = builds.findIndex((build) => build.plan === plan);
  const packed = builds[index]?.layers ?? [];
  const dressed = images[index]?.layers;
  if (dressed === undefined) return packed.map(({ descriptor }) => descriptor);
  return dressed.slice(dressed.length - packed.length);
}

/** What makes another build one of the same thing, the surest first. */
function projectsOf({ options }: BuildSession, dockerfile: SourceText): string[] {
  const { context, tags } = options;
  const file = options.dockerfile === undefined ? '' : contextName(options.dockerfile);
  return [
    ...(context === '-' ? [] : [`place ${contextName(context)} ${file}`]),
    ...tags.slice(0, 1).map((tag) => `name ${tag.replace(/:[^:/]*$/, '')}`),
    `text ${dockerfile.text}`,
  ];
}

/** Without the credentials that a URL may hold. */
function contextName(text: string): string {
  if (text === '-' || text.startsWith('git@')) return text;
  return /^[a-z+]+:\/\//.test(text) ? text.replace(/\/\/[^/@]*@/, '//') : resolve(text);
}

/** What became of the steps of a plan, not yet explained. */
export function planRecord(
  { plan, accounts }: PlanAccounts,
  dockerfile: SourceText,
  layers: readonly BlobInfo[],
): PlanRecord {
  const vertices = [...plan.vertices.values()].filter(({ op }) => op.kind !== 'image');
  const layerOf = new Map(layerChain(plan).map((id, index) => [id, layers[index]]));
  return {
    platform: printPlatform(plan.image.platform),
    steps: vertices.map((vertex) =>
      stepRecord(vertex, accounts.get(vertex.id) ?? {}, dockerfile, layerOf.get(vertex.id)),
    ),
  };
}

/** Where the hits come from that nobody asked for, since what stands on them was a hit. */
function withOrigins(plan: PlanRecord, { store, imports }: BuildSession): PlanRecord {
  const steps = plan.steps.map((step) => {
    if (step.result !== 'cached' || step.from !== undefined || step.key === undefined) return step;
    const own = store.steps.look(step.key);
    // Of one that came with an import and was kept, the import is told as long as it is given.
    const from =
      own?.from === undefined && own !== undefined ? undefined : imports.find(step.key)[0]?.from.name;
    if (from !== undefined) return { ...step, from };
    return own === undefined ? { ...step, isCovered: true } : step;
  });
  return { ...plan, steps };
}

function stepRecord(
  { id, label, stage, span, inputs }: Vertex,
  { key, outcome, result, refusal }: StepAccount,
  dockerfile: SourceText,
  layer: BlobInfo | undefined,
): RecordedStep {
  const [below, ...others] = inputs;
  const takesFrom = others.filter((id) => id !== undefined);
  const { startedAt, durationMs } = result ?? {};
  return {
    id,
    label,
    stage,
    // A trigger stands in the Dockerfile of the base; its place in this one is the FROM that fires it.
    text: /\] (ONBUILD .*)$/s.exec(label)?.[1] ?? dockerfile.text.slice(span.start, span.end),
    line: dockerfile.position(span.start).line,
    ...(below === undefined ? {} : { below }),
    ...(takesFrom.length === 0 ? {} : { takesFrom }),
    ...(key === undefined ? {} : { key: key.digest }),
    ...(outcome === undefined ? {} : { result: outcome }),
    ...(result?.from === undefined ? {} : { from: result.from }),
    ...(startedAt === undefined ? {} : { startedAt, durationMs: durationMs ?? 0 }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(outcome === 'failed' && key !== undefined ? { recipe: maskRecipe(key.recipe) } : {}),
    ...(layer === undefined ? {} : { layer: { digest: layer.digest, sizeBytes: layer.size } }),
  };
}

function* take<T>(items: Iterable<T>, count: number): Generator<T, void, undefined> {
  let left = count;
  for (const item of items) {
    if (left-- === 0) return;
    yield item;
  }
}
