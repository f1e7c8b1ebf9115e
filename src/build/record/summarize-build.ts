import type { BuildSummary, LayerReuse, LayerSum } from '../../core/build-summary.ts';
import type { BuildRecord, RecordedLayer, RecordedStep } from './build-record.ts';

const slowestTold = 3;
/** Steps faster than this are not slow, however they compare. */
const leastSlowMs = 100;

/** The few numbers of a build that say most. */
export function summarizeBuild(record: BuildRecord): BuildSummary {
  const { number, outcome, startedAt, finishedAt, images, pushes } = record;
  const steps = record.plans.flatMap((plan) => plan.steps);
  const count = (wanted: RecordedStep['result']) => steps.filter(({ result }) => result === wanted).length;
  const ran = steps
    .filter(({ result, durationMs = 0 }) => result !== 'cached' && durationMs >= leastSlowMs)
    .map(({ label, durationMs = 0 }) => ({ label, durationMs }))
    .sort((a, b) => b.durationMs - a.durationMs);
  return {
    build: number,
    outcome,
    wallMs: finishedAt - startedAt,
    steps: {
      cached: count('cached'),
      run: count('run'),
      failed: count('failed'),
      notReached: count(undefined),
    },
    slowest: ran.slice(0, slowestTold),
    layers: images.length === 0 ? null : layerReuse(images.flatMap((image) => image.layers)),
    pushes: pushes.map(({ repository, sent, mounted, skipped }) => ({
      repository,
      sentBytes: sent.bytes,
      thereBytes: mounted.bytes + skipped.bytes,
    })),
  };
}

function layerReuse(layers: readonly RecordedLayer[]): LayerReuse {
  const distinct = [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
  const sum = (chosen: readonly RecordedLayer[]): LayerSum => ({
    count: chosen.length,
    bytes: chosen.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
  });
  const isReused = ({ origin, wasInLast }: RecordedLayer) => origin !== 'run' || wasInLast === true;
  const hasLast = distinct.some(({ wasInLast }) => wasInLast !== undefined);
  return {
    reused: sum(distinct.filter(isReused)),
    new: sum(distinct.filter((layer) => !isReused(layer))),
    inLast: hasLast ? sum(distinct.filter(({ wasInLast }) => wasInLast === true)) : null,
  };
}
