/** A cache that others made, as a build asks it. */
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import type { Digest, KeyDigest } from '../../core/digest.ts';
import type { Reference } from '../../core/image-reference.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { FileLists } from '../file-lists.ts';
import type { StepRecord } from '../step-cache.ts';
import type { KnownPacks } from './packs.ts';
import type { SharedPlan } from './shared-cache.ts';

/** Where the bytes of a cache are: a repository, a directory. */
export interface CachePlace {
  /** What the person called it. */
  readonly name: string;
  /** Absent of what is in no registry. */
  readonly repository?: Reference;
  /** Whether a cache mount of that id may be filled with what is here. */
  takesMount(id: string): boolean;
  /** Brings a blob of the cache into a blob store. */
  bring(blob: BlobInfo, blobs: BlobStore, signal: AbortSignal): Promise<void>;
  /** Nobody reads it any more. */
  release(): void;
}

/** A cache that answers questions; its bytes come when somebody needs them. */
export interface CacheImport {
  readonly name: string;
  readonly plans: readonly SharedPlan[];
  find(key: KeyDigest): StepRecord | undefined;
  /** What files of a stage came to when the cache was made, asked by the stage's definition. */
  recall(question: KeyDigest): Digest | undefined;
  layer(id: SnapshotID): StoredLayer | undefined;
  provides(blob: Descriptor): boolean;
  /** The repository that has the blob as such: small ones are only in packs. */
  repositoryOf(blob: Descriptor): Reference | undefined;
  /** @throws RemoteError `cache-import-lost` */
  fetch(blob: Descriptor, signal: AbortSignal): Promise<void>;
  /**
   * Reads a blob that goes on to others unread and holds it against what is said of it.
   * @throws RemoteError `cache-import-lost`
   */
  examine(blob: Descriptor): Promise<void>;
  /** What it has of a cache mount and may be used; undefined when that is nothing. */
  mount(name: string): StoredLayer | undefined;
  /**
   * Fills an empty directory with it.
   * @throws RemoteError `cache-import-lost`
   */
  fillMount(name: string, directory: string, signal: AbortSignal): Promise<void>;
  /** Brings the lists of files into the store, so that misses can be explained by them. */
  fetchLists(lists: FileLists, signal: AbortSignal): Promise<void>;
  /** Nothing more is asked of it. */
  close(): void;
  /** What a cache that is made now can take over from this one, when both are in the same place. */
  readonly known: KnownPacks;
}
