import { constants, openSync, readlinkSync } from 'node:fs';
import {
  type BytePath,
  bytePathFromText,
  bytePathToFs,
  bytePathToText,
  joinBytePath,
} from '../core/byte-path.ts';
import { HostError, systemCode } from '../core/errors.ts';
import type { FileDigestIndex, FileStat, FileTree } from '../core/file-tree.ts';
import { isMissing, pinnedPaths } from '../sys/pinned-paths.ts';
import { listNames } from '../sys/stat.ts';
import { readXattrs } from '../sys/xattr.ts';
import type { IgnoreRules } from './patterns/ignore.ts';

export interface FolderOptions {
  readonly ignore?: IgnoreRules | undefined;
  /** `root` shows every file as owned by 0:0, as a build context is (Dockerfile reference, 3.6). */
  readonly uidGid: 'root' | 'keep';
  readonly digests?: FileDigestIndex | undefined;
}

/**
 * A host directory as a tree: what its ignore rules hide does not exist (Dockerfile reference, 5.1). An
 * ignored directory is there, with its own metadata, exactly if something below it is kept.
 *
 * Nothing is read ahead and only directories are remembered, so the tree is as fresh as the disk. A directory
 * that somebody replaces by a symlink meanwhile leads nowhere else.
 * @throws HostError `context-unreadable` from any method, when the host refuses to show a file
 */
export function openFolder(directory: string, options: FolderOptions): FileTree {
  const { ignore, uidGid, digests } = options;
  const root = bytePathFromText(directory.replace(/(?<=.)\/+$/, ''));
  const pinned = pinnedPaths(root);
  const holdsKept = new Map<BytePath, boolean>();

  const asking = <T>(path: BytePath, ask: () => T): T => {
    try {
      return ask();
    } catch (error) {
      throw unreadable(joinBytePath(root, path), error);
    }
  };
  const reading = <T>(path: BytePath, kind: 'file' | 'directory', read: (pinned: BytePath) => T): T =>
    asking(path, () => read(pinned[kind](path)));

  const statAt = (path: BytePath): FileStat | undefined => asking(path, () => pinned.stat(path));
  const namesAt = (path: BytePath): BytePath[] => reading(path, 'directory', listNames);

  /** Whether an ignored path is there all the same, because of what lies below it. */
  const isPassage = (path: BytePath, rules: IgnoreRules): boolean => {
    if (!rules.mayContainKept(path)) return false;
    let known = holdsKept.get(path);
    if (known === undefined) {
      known =
        statAt(path)?.type === 'directory' &&
        namesAt(path).some((name) => isVisible(joinBytePath(path, name)));
      holdsKept.set(path, known);
    }
    return known;
  };

  const isVisible = (path: BytePath): boolean =>
    ignore === undefined || !ignore.ignores(path) || isPassage(path, ignore);

  const lstat = (path: BytePath): FileStat | undefined => {
    if (!isVisible(path)) return undefined;
    const stat = statAt(path);
    return stat === undefined || uidGid === 'keep' ? stat : Object.assign(stat, { uid: 0, gid: 0 });
  };

  return {
    directory,
    lstat,
    list(path) {
      const names = namesAt(path);
      return ignore === undefined ? names : names.filter((name) => isVisible(joinBytePath(path, name)));
    },
    readlink: (path) => reading(path, 'file', (host) => readlinkSync(bytePathToFs(host), 'latin1')),
    xattrs: (path, opened) =>
      opened === undefined ? reading(path, 'file', readXattrs) : asking(path, () => readXattrs(opened)),
    open: (path) => reading(path, 'file', openRegular),
    ...(digests === undefined ? {} : { digests }),
    explainMissing(path) {
      const rule = ignore?.explain(path);
      if (rule === undefined || statAt(path) === undefined) return undefined;
      return `excluded by ${rule.file} line ${rule.line}: ${rule.pattern}`;
    },
  };
}

/** A fifo that took the file's place since it was seen must not block the build. */
function openRegular(path: BytePath): number {
  return openSync(bytePathToFs(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

function unreadable(hostPath: BytePath, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  return new HostError('context-unreadable', `cannot read "${bytePathToText(hostPath)}": ${code}`, {
    hint: isMissing(error)
      ? 'it was removed or replaced while the build was reading it: build again when nothing changes the files'
      : 'make it readable, or keep it out of the build with a line in .dockerignore',
    cause: error,
  });
}
