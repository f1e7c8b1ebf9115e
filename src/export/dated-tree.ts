import type { FileTree } from '../core/file-tree.ts';

/** The same files, all of one time. @param seconds since the epoch */
export function datedTree(tree: FileTree, seconds: number): FileTree {
  return {
    lstat(path) {
      const stat = tree.lstat(path);
      return stat === undefined ? undefined : { ...stat, mtime: { seconds, nanoseconds: 0 } };
    },
    list: (path) => tree.list(path),
    readlink: (path) => tree.readlink(path),
    xattrs: (path) => tree.xattrs(path),
    open: (path) => tree.open(path),
  };
}
