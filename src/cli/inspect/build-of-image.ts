import type { BuildRecord, RecordedStep } from '../../build/record/build-record.ts';
import { openBuildRecords } from '../../build/record/build-records.ts';
import type { Digest } from '../../core/digest.ts';
import type { LayerSource } from '../../inspect/report.ts';

/** Which step made each layer of an image, by the layer's digest, as the newest build of it in the store says. */
export function readLayerSources(root: string, config: Digest): ReadonlyMap<Digest, LayerSource> {
  const records = openBuildRecords(root);
  for (const number of records.numbers().reverse()) {
    const record = records.read(number);
    const image = record?.images.find(({ configDigest }) => configDigest === config);
    if (record === undefined || image === undefined) continue;
    const steps = record.plans
      .filter(({ platform }) => platform === image.platform)
      .flatMap((plan) => plan.steps);
    return new Map(steps.flatMap((step) => sourceOf(step, record)));
  }
  return new Map();
}

function sourceOf(
  { layer, result, label, line, durationMs }: RecordedStep,
  { dockerfile = 'Dockerfile' }: BuildRecord,
): [Digest, LayerSource][] {
  if (layer === undefined || result === undefined || result === 'failed') return [];
  return [
    [layer.digest, { dockerfile, line: line ?? null, step: label, result, durationMs: durationMs ?? 0 }],
  ];
}
