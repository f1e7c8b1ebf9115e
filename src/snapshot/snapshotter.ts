/**
 * A snapshot is a directory that holds what one step changed, in overlay's own form: an *upper* while it
 * is written, a *lower* ever after. A filesystem is a `Stack` of snapshots, lowest first. Snapshots know
 * nothing of their parents, so one unpacked layer serves every image that has it and `COPY --link`
 * results are stacked anywhere (docs/ARCHITECTURE.md, "Snapshots").
 *
 * Life: `prepare` gives an upper nobody else can see; `commit` publishes it under its id by one rename;
 * `remove` takes a published one away. What was prepared and never committed is swept with its build.
 */
import type { FileTree } from '../core/file-tree.ts';

/** Short (at most 16 characters of [a-z0-9]), because an overlay mount names all its lowers in one page. */
export type SnapshotID = string;

/** A whole filesystem: lowest first. The empty stack is `scratch`. */
export type Stack = readonly SnapshotID[];

/** What is noted of a snapshot that is not only what one step changed, whole. */
export interface OwnNotes {
  /** A snapshot that has all files which this one has not itself, and no others. */
  readonly rest?: SnapshotID | undefined;
  /** Its layer holds all that is in it, and not only what differs from what it stands on. */
  readonly isAlone?: boolean | undefined;
}

/** A snapshot that is about to be written. */
export interface NewSnapshot extends OwnNotes {
  /** Thousands of files, so that it is worth looking for a good place on the disk. */
  readonly isLarge?: boolean | undefined;
}

/** A snapshot that is being written: nobody else sees it. */
export interface ActiveSnapshot {
  /** The directory to write into: the upper. */
  readonly upper: string;
  /** Overlay's scratch directory, on the same filesystem. */
  readonly work: string;
  /** Where places for files under way are made (`places.ts`), on the same filesystem; goes with the build. */
  readonly places: string;
}

/** The snapshots of a store, and stacks of them as filesystems. */
export interface Snapshotter {
  /** A fresh id: random, for what a step made. */
  newID(): SnapshotID;
  /** Whether all of its files are there. */
  has(id: SnapshotID): boolean;
  /** The published directory of a snapshot. */
  path(id: SnapshotID): string;
  /**
   * The directories that together have the files of a published snapshot, topmost first: its own, and where that holds
   * only what differs from another snapshot (`prepare`), the other's. Neither hides anything of what is below.
   * @throws HostError `snapshot-missing`
   */
  directories(id: SnapshotID): string[];
  /** Whether the store's filesystem lets a snapshot leave files to another one. */
  canHaveRest(): boolean;
  /**
   * An empty upper, whose root directory has the mode, owner, time and xattrs of the root of the stack it
   * is meant for: stacking it there changes nothing. Over the empty stack that is 0755, 0:0 and now.
   * @throws HostError `no-attributes` where what is to be noted of it cannot be
   */
  prepare(over: Stack, about?: NewSnapshot): ActiveSnapshot;
  /** Publishes under `id`; if another build was faster its result stands and ours is dropped. */
  commit(active: ActiveSnapshot, id: SnapshotID): Promise<void>;
  /** Throws away what was prepared. */
  discard(active: ActiveSnapshot): Promise<void>;
  remove(id: SnapshotID): Promise<void>;
  list(): SnapshotID[];
  /**
   * The merged view of a stack, without mounting anything; xattrs and whiteouts of overlay are hidden.
   * @throws HostError `snapshot-missing`
   */
  view(stack: Stack): FileTree;
  /**
   * Mounts the stack, read-write over `active`, read-only without, and says where. Child processes and
   * synchronous calls of the main thread see it; to asynchronous file calls the path does not exist.
   * @throws HostError `snapshot-missing`, `too-many-layers`, `mount-failed`
   */
  mount(stack: Stack, active?: ActiveSnapshot): string;
  unmount(mounted: string): void;
  /** Unmounts what is still mounted. When the process dies the kernel does the same. */
  close(): void;
}
