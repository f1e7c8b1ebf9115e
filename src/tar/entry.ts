/**
 * One member of an archive as plain data. This codec exists for layers: ids above 2^21, byte names,
 * binary xattrs, nanosecond times and files over 8 GiB must survive it, which tar-stream does not offer
 * (docs/ARCHITECTURE.md, "Dependencies").
 */
import type { BytePath } from '../core/byte-path.ts';
import type { Timestamp, Xattr } from '../core/file-tree.ts';

/** What a member is; sparse files are files. */
export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'char' | 'block';

/** A member of an archive, without its content. */
export interface TarEntry {
  /** As in the archive, without a trailing slash for directories. */
  readonly path: BytePath;
  readonly type: TarEntryType;
  /** 0-0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Content bytes; 0 for everything but files. */
  readonly size: number;
  readonly mtime: Timestamp;
  /** Target of a symlink, or path of the member a hard link repeats. */
  readonly link: BytePath;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly xattrs: readonly Xattr[];
}

/** Of a member that says nothing of itself: root's, of the first second, empty. */
export const plainFields = {
  uid: 0,
  gid: 0,
  size: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  link: '',
  devMajor: 0,
  devMinor: 0,
  xattrs: [],
} as const;

/** A directory that an archive leaves out although something lies in it, as unpacking makes it. */
export const impliedDirectory: Omit<TarEntry, 'path'> = { ...plainFields, type: 'directory', mode: 0o755 };
