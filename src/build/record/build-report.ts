/**
 * What `strata builds` says of a build, as `--json` prints it. docs/BUILDS.md describes every member; members are
 * added, never renamed or given another meaning, without a new `schemaVersion`.
 */
import { sayCause } from '../../cache/explain/words.ts';
import type { BuildSummary } from '../../core/build-summary.ts';
import type { Digest, KeyDigest } from '../../core/digest.ts';
import type { BuildRecord, RecordedImage, RecordedPush, RecordedStep, RecordedWork } from './build-record.ts';
import { criticalPath } from './critical-path.ts';
import { summarizeBuild } from './summarize-build.ts';

/** What a list tells of each build. */
export interface BuildOverview {
  readonly build: number;
  readonly outcome: BuildRecord['outcome'];
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly context: string;
  readonly dockerfile: string | null;
  readonly target: string | null;
  readonly names: readonly string[];
  readonly summary: BuildSummary;
}

export interface BuildReport extends BuildOverview {
  readonly schemaVersion: 1;
  /** The build before it of the same thing. */
  readonly previous: number | null;
  readonly images: readonly RecordedImage[];
  readonly steps: readonly StepReport[];
  /** Indices of the steps that waited for each other and ended last, in the order in which they ran. */
  readonly criticalPath: readonly number[];
  readonly work: readonly RecordedWork[];
  readonly pushes: readonly RecordedPush[];
}

export interface StepReport {
  readonly platform: string;
  /** As it was shown: `[build 2/5] RUN make`. */
  readonly label: string;
  readonly stage: string;
  readonly text: string;
  readonly line: number | null;
  /** Null when the build ended before it. */
  readonly result: 'cached' | 'run' | 'failed' | null;
  /** Of a hit: `store`, the import that answered, or `covered` when nobody had to ask. */
  readonly from: string | null;
  readonly startedAt: number | null;
  readonly durationMs: number;
  readonly key: KeyDigest | null;
  /** Indices of the steps it stands on or takes files from. */
  readonly dependsOn: readonly number[];
  /** What it left in the image, as it is stored. */
  readonly layer: { readonly digest: Digest; readonly sizeBytes: number } | null;
  /** Why it ran, in words. */
  readonly causes: readonly string[];
}

/** The line of a build in lists (docs/BUILDS.md). */
export function buildOverview(record: BuildRecord): BuildOverview {
  const { number, outcome, error, startedAt, finishedAt, context, dockerfile, target, tags } = record;
  return {
    build: number,
    outcome,
    error: error ?? null,
    startedAt,
    finishedAt,
    context,
    dockerfile: dockerfile ?? null,
    target: target ?? null,
    names: tags,
    summary: summarizeBuild(record),
  };
}

/** All that is known of a build (docs/BUILDS.md). */
export function buildReport(record: BuildRecord): BuildReport {
  const { plans, images, work, pushes, previous } = record;
  const steps: StepReport[] = [];
  for (const { platform, steps: own } of plans) {
    const first = steps.length;
    const indices = new Map(own.map(({ id }, index) => [id, first + index]));
    for (const step of own) steps.push(stepReport(step, platform, indices));
  }
  return {
    schemaVersion: 1,
    ...buildOverview(record),
    previous: previous ?? null,
    images,
    steps,
    criticalPath: criticalPath(steps),
    work,
    pushes,
  };
}

function stepReport(step: RecordedStep, platform: string, indices: ReadonlyMap<string, number>): StepReport {
  const { label, stage, text, line, result, key, layer, startedAt, durationMs, causes = [] } = step;
  const inputs = new Set([step.below, ...(step.takesFrom ?? [])]);
  return {
    platform,
    label,
    stage,
    text,
    line: line ?? null,
    result: result ?? null,
    from: result === 'cached' ? (step.isCovered === true ? 'covered' : (step.from ?? 'store')) : null,
    startedAt: startedAt ?? null,
    durationMs: durationMs ?? 0,
    key: key ?? null,
    dependsOn: [...inputs].flatMap((id) => (id === undefined ? [] : (indices.get(id) ?? []))),
    layer: layer ?? null,
    causes: causes.map(sayCause),
  };
}
