/**
 * A cache on its way between stores: what one build knew of its steps, and where the bytes are. It is the
 * content of one small blob; docs/CACHE.md describes the artifact around it.
 */
import type { BlobDigest, DiffID, KeyDigest } from '../../core/digest.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { StepRecord } from '../step-cache.ts';

/** Where small bytes lie inside of a pack. */
export interface Slice {
  readonly pack: BlobDigest;
  readonly offset: number;
  readonly size: number;
}

/** The layer of a snapshot, a blob of its own or a slice of a pack. */
export interface SharedLayer {
  readonly diffID: DiffID;
  readonly mediaType: string;
  readonly digest: BlobDigest;
  readonly size: number;
  readonly slice?: Slice | undefined;
}

/** A list of files, compressed as it lies in a store. */
export interface SharedList extends Slice {
  readonly digest: BlobDigest;
}

/** The content of a cache mount. */
export interface SharedMount extends SharedLayer {
  /** As RUN --mount=type=cache calls it. */
  readonly id: string;
}

/** A step of the build that made the cache, for explaining a miss. */
export interface SharedStep {
  readonly id: string;
  readonly label: string;
  readonly stage: string;
  readonly text: string;
  readonly below?: string | undefined;
  readonly key?: KeyDigest | undefined;
}

export interface SharedPlan {
  readonly platform: string;
  readonly steps: readonly SharedStep[];
}

export interface SharedCache {
  readonly steps: readonly StepRecord[];
  /** Of all snapshots the steps name, but those of base images, which whoever builds has. */
  readonly layers: Readonly<Record<SnapshotID, SharedLayer>>;
  /** Cache mounts that travel along, by the names of their directories. */
  readonly mounts?: Readonly<Record<string, SharedMount>> | undefined;
  /** Lists of files by the digest of the selection, as `FileLists` keeps them. */
  readonly lists: Readonly<Record<string, SharedList>>;
  /** One for each platform. */
  readonly plans: readonly SharedPlan[];
}
