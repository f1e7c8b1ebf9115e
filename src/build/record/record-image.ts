/** What a build records of the image it made, and of where that went. */
import type { BlobDigest, Digest } from '../../core/digest.ts';
import { printPlatform } from '../../core/platform.ts';
import type { PushedRepository } from '../../export/push.ts';
import type { BuiltImage } from '../options.ts';
import type { BlobSum, BuildRecord, PlanRecord, RecordedImage, RecordedPush } from './build-record.ts';

/**
 * @param plans whose steps say which layers they made
 * @param earlier builds of the same thing, the last one first
 */
export function imageRecord(
  { platform: given, digest, configDigest, layers }: BuiltImage,
  plans: readonly PlanRecord[],
  earlier: readonly BuildRecord[],
): RecordedImage {
  const platform = printPlatform(given);
  const steps = plans.filter((plan) => plan.platform === platform).flatMap((plan) => plan.steps);
  // A layer that two steps left was run for when one of them ran.
  const results = new Map<Digest, 'cached' | 'run'>();
  for (const { layer, result } of steps) {
    if (layer === undefined || result === undefined || result === 'failed') continue;
    if (results.get(layer.digest) !== 'run') results.set(layer.digest, result);
  }
  const own = steps.filter(({ layer }) => layer !== undefined).length;
  const last = earlier
    .flatMap((build) => build.images)
    .find((image) => image.platform === platform)
    ?.layers.map((layer) => layer.digest);
  return {
    platform,
    digest,
    configDigest,
    layers: layers.map(({ digest: layer, size }, index) => ({
      digest: layer,
      sizeBytes: size,
      origin: index < layers.length - own ? 'base' : (results.get(layer) ?? 'run'),
      ...(last === undefined ? {} : { wasInLast: last.includes(layer) }),
    })),
  };
}

/**
 * What went to each repository, in the order in which they were first met. Several outputs may go to one: a blob that
 * any of them sent was not there before.
 */
export function pushRecords(pushes: readonly PushedRepository[]): RecordedPush[] {
  return [...new Set(pushes.map(({ repository }) => repository))].map((repository) =>
    pushRecord(
      repository,
      pushes.filter((push) => push.repository === repository),
    ),
  );
}

function pushRecord(repository: string, pushes: readonly PushedRepository[]): RecordedPush {
  const sizes = new Map<BlobDigest, number>();
  const ways = new Map<BlobDigest, 'sent' | 'mounted' | 'skipped'>();
  for (const { blobBytes } of pushes) for (const [digest, bytes] of blobBytes) sizes.set(digest, bytes);
  for (const way of ['skipped', 'mounted', 'sent'] as const)
    for (const { receipt } of pushes) for (const digest of receipt[way]) ways.set(digest, way);
  const sum = (way: 'sent' | 'mounted' | 'skipped'): BlobSum => {
    const blobs = [...ways].filter(([, taken]) => taken === way);
    return {
      blobs: blobs.length,
      bytes: blobs.reduce((bytes, [digest]) => bytes + (sizes.get(digest) ?? 0), 0),
    };
  };
  return { repository, sent: sum('sent'), mounted: sum('mounted'), skipped: sum('skipped') };
}
