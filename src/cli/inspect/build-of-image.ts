import type { BuildRecord, RecordedStep } from '../../build/record/build-record.ts';
import { openBuildRecords } from '../../build/record/build-records.ts';
import type { Digest } from '../../core/digest.ts';
import type { BuildOfImage } from '../../inspect/inspect-image.ts';
import type { LayerSource } from '../../inspect/report.ts';

/** What the newest build of an image in the store says of its layers and its base. */
export function readBuildOf(root: string, config: Digest): BuildOfImage {
  const records = openBuildRecords(root);
  for (const number of records.numbers().reverse()) {
    const record = records.read(number);
    const image = record?.images.find(({ configDigest }) => configDigest === config);
    if (record === undefined || image === undefined) continue;
    const steps = record.plans
      .filter(({ platform }) => platform === image.platform)
      .flatMap((plan) => plan.steps);
    return { sources: new Map(steps.flatMap((step) => sourceOf(step, record))), base: baseOf(steps) };
  }
  return { sources: new Map() };
}

/** What the layers of the image stand on: the vertex below all steps, `image:NAME[ PLATFORM]`. */
function baseOf(steps: readonly RecordedStep[]): string | undefined {
  const byID = new Map(steps.map((step) => [step.id, step]));
  let below = steps.find(({ layer }) => layer !== undefined)?.below;
  for (let step = below; step !== undefined; step = byID.get(step)?.below) below = step;
  return /^image:(\S+)/.exec(below ?? '')?.[1];
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
