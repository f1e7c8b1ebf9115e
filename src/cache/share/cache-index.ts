import type { BlobDigest, Digest, KeyDigest } from '../../core/digest.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { StepRecord } from '../step-cache.ts';
import { answersOf } from './recipe-mentions.ts';
import type { SharedCache, SharedLayer, Slice } from './shared-cache.ts';

/** What a cache says that it has, found by what a build asks by. */
export interface CacheIndex {
  readonly steps: ReadonlyMap<KeyDigest, StepRecord>;
  readonly answers: ReadonlyMap<KeyDigest, Digest>;
  readonly layers: ReadonlyMap<SnapshotID, SharedLayer>;
  /** By name, those that may be used. */
  readonly mounts: ReadonlyMap<string, SharedLayer>;
  /** Layers and mounts by their blobs. */
  readonly blobs: ReadonlyMap<BlobDigest, SharedLayer>;
  /** Where the blobs and lists lie that are in packs. */
  readonly slices: ReadonlyMap<BlobDigest, Slice>;
}

/** @param takesMount whether a cache mount of that id may be used */
export function indexCache(cache: SharedCache, takesMount: (id: string) => boolean): CacheIndex {
  const layers = new Map(Object.entries(cache.layers));
  const mounts = new Map(Object.entries(cache.mounts ?? {}).filter(([, { id }]) => takesMount(id)));
  const blobs = new Map([...layers.values(), ...mounts.values()].map((layer) => [layer.digest, layer]));
  const slices = new Map<BlobDigest, Slice>();
  for (const { digest, slice } of blobs.values()) if (slice !== undefined) slices.set(digest, slice);
  for (const { digest, ...slice } of Object.values(cache.lists)) slices.set(digest, slice);
  return {
    steps: new Map(cache.steps.map((step) => [step.key, step])),
    answers: new Map(cache.steps.flatMap(({ recipe }) => answersOf(recipe))),
    layers,
    mounts,
    blobs,
    slices,
  };
}
