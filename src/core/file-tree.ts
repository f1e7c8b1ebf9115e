/**
 * A read-only tree of files as copying, hashing and diffing see it: a build context behind its ignore
 * rules, or the merged view of stacked snapshots. Synchronous on purpose: a walk over 20,000 files makes
 * no promise per file.
 *
 * Paths are clean and relative to the tree's root ('' is the root), and every component but the last
 * is a real directory: `resolveBeneath` gives such a path. No method follows a symlink.
 */
import { type BytePath, cleanBeneath, joinBytePath, parentOf } from './byte-path.ts';
import { StrataError } from './errors.ts';

/** What a file is, as lstat(2) tells it. */
export type FileType = 'file' | 'directory' | 'symlink' | 'fifo' | 'char' | 'block' | 'socket';

/** Since the epoch; nanoseconds are from 0 to 999,999,999, also before it. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** An extended attribute. */
export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

/** What lstat(2) tells of a file. */
export interface FileStat {
  readonly type: FileType;
  /** Permission bits with setuid, setgid and sticky: 0-0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Content bytes of a regular file, else 0. */
  readonly size: number;
  readonly mtime: Timestamp;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly linkCount: number;
  /** Equal for two names of one inode; unique in the tree while it stays unchanged. */
  readonly inode: string;
  /** When content or metadata last changed, by the clock of the machine; absent where a tree cannot say. */
  readonly ctime?: Timestamp;
}

/** Files to be read, by paths that are clean and whose directories are real. */
export interface FileTree {
  lstat(path: BytePath): FileStat | undefined;
  /** Names in a directory, in byte order. */
  list(path: BytePath): readonly BytePath[];
  readlink(path: BytePath): BytePath;
  /**
   * All extended attributes but those of the storage itself, in byte order of their names.
   * @param opened what `open` gave for it, where it is open: asking is quicker then
   */
  xattrs(path: BytePath, opened?: number): readonly Xattr[];
  /** Opens a regular file for reading; the caller closes the descriptor. */
  open(path: BytePath): number;
  /** Of the host, where the tree is one's: a regular file of the tree is that of the same path beneath it. */
  readonly directory?: string;
  /** What is remembered of files that are known to be unchanged, if the tree keeps such an index. */
  readonly digests?: FileDigestIndex;
  /** Why a path that does exist is not in the tree: `excluded by .dockerignore line 3: *.md`. */
  explainMissing?(path: BytePath): string | undefined;
}

/** Remembers one word (no blanks, no line ends) about the content and attributes of files and directories. */
export interface FileDigestIndex {
  get(path: BytePath, stat: FileStat): string | undefined;
  set(path: BytePath, stat: FileStat, word: string): void;
}

/** The tree of `scratch`: a root directory and nothing in it. */
export const emptyTree: FileTree = {
  lstat: (path) => (path === '' ? emptyRoot : undefined),
  list: () => [],
  readlink: () => '',
  xattrs: () => [],
  open(path) {
    throw new StrataError('no-such-file', `"/${path}" does not exist: the filesystem is empty`);
  },
};

const emptyRoot: FileStat = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  devMajor: 0,
  devMinor: 0,
  linkCount: 1,
  inode: 'empty',
};

const maxLinks = 255;

/**
 * Follows every symlink of `path` beneath the root of the tree, as chroot would: `..` stops at the
 * root and absolute targets start there. Components that do not exist are kept as they are, so the
 * result names what would be created.
 *
 * @param followLast whether a symlink in the last component is followed too
 * @throws StrataError `too-many-symlinks`
 */
export function resolveBeneath(
  tree: Pick<FileTree, 'lstat' | 'readlink'>,
  path: BytePath,
  followLast = true,
): BytePath {
  let pending = path.split('/').filter((part) => part !== '' && part !== '.');
  let at: BytePath = '';
  let links = 0;
  while (pending.length > 0) {
    const [part, ...rest] = pending as [string, ...string[]];
    pending = rest;
    if (part === '..') {
      at = parentOf(at);
      continue;
    }
    const next = joinBytePath(at, part);
    const stat = tree.lstat(next);
    if (stat?.type === 'symlink' && (followLast || rest.length > 0)) {
      if (++links > maxLinks) {
        throw new StrataError(
          'too-many-symlinks',
          `too many symbolic links on the way to "/${cleanBeneath(path)}"`,
        );
      }
      const target = tree.readlink(next);
      if (target.startsWith('/')) at = '';
      pending = [...target.split('/').filter((p) => p !== '' && p !== '.'), ...rest];
      continue;
    }
    at = next;
    if (stat === undefined) {
      // Nothing below a missing name can be a link; only `..` still means something.
      return cleanBeneath(joinBytePath(at, rest.join('/')));
    }
  }
  return at;
}
