/** The root filesystems of several platforms as one. */
import { type BytePath, bytePathFromText, bytePathToText } from '../core/byte-path.ts';
import { HostError } from '../core/errors.ts';
import { emptyTree, type FileStat, type FileTree } from '../core/file-tree.ts';
import { type Platform, printPlatform } from '../core/platform.ts';
import { walkTree } from './walk-tree.ts';

export interface PlatformTree {
  readonly platform: Platform;
  readonly tree: FileTree;
  /** The time of a directory that holds the tree, since the epoch. */
  readonly seconds: number;
}

/** Each platform's files in a directory of their own: `linux_amd64`, `linux_arm_v7`. */
export function splitByPlatform(trees: readonly PlatformTree[]): FileTree {
  const byName = new Map(
    trees.map((each) => [bytePathFromText(printPlatform(each.platform).replaceAll('/', '_')), each]),
  );
  const latest = Math.max(...trees.map(({ seconds }) => seconds));
  /** The tree that a path leads into, and what it is called there. */
  const enter = (path: BytePath): readonly [name: BytePath, tree: FileTree, rest: BytePath] => {
    const [name = ''] = path.split('/', 1);
    return [name, byName.get(name)?.tree ?? emptyTree, path.slice(name.length + 1)];
  };
  return {
    lstat(path) {
      if (path === '') return directoryStat('', latest);
      const top = byName.get(path);
      if (top !== undefined) return directoryStat(path, top.seconds);
      const [name, tree, rest] = enter(path);
      const stat = tree.lstat(rest);
      return stat === undefined ? undefined : { ...stat, inode: `${name} ${stat.inode}` };
    },
    list(path) {
      if (path === '') return [...byName.keys()].sort();
      const [, tree, rest] = enter(path);
      return tree.list(rest);
    },
    readlink(path) {
      const [, tree, rest] = enter(path);
      return tree.readlink(rest);
    },
    xattrs(path) {
      const [, tree, rest] = enter(path);
      return rest === '' ? [] : tree.xattrs(rest);
    },
    open(path) {
      const [, tree, rest] = enter(path);
      return tree.open(rest);
    },
  };
}

/**
 * The files of all platforms side by side. A directory that several have is that of the first.
 * @throws HostError `output-conflict` where two have anything else under one name
 */
export function mergePlatforms(trees: readonly PlatformTree[]): FileTree {
  assertDisjoint(trees);
  const treeOf = (path: BytePath): FileTree =>
    trees.find(({ tree }) => tree.lstat(path) !== undefined)?.tree ?? emptyTree;
  return {
    lstat(path) {
      const index = trees.findIndex(({ tree }) => tree.lstat(path) !== undefined);
      const stat = trees[index]?.tree.lstat(path);
      return stat === undefined ? undefined : { ...stat, inode: `${index} ${stat.inode}` };
    },
    list(path) {
      const names = trees.flatMap(({ tree }) =>
        tree.lstat(path)?.type === 'directory' ? tree.list(path) : [],
      );
      return [...new Set(names)].sort();
    },
    readlink: (path) => treeOf(path).readlink(path),
    xattrs: (path) => treeOf(path).xattrs(path),
    open: (path) => treeOf(path).open(path),
  };
}

function assertDisjoint(trees: readonly PlatformTree[]): void {
  const owners = new Map<BytePath, { platform: Platform; isDirectory: boolean }>();
  for (const { platform, tree } of trees) {
    for (const { kind, path, stat } of walkTree(tree)) {
      if (kind === 'leave') continue;
      const isDirectory = stat.type === 'directory';
      const other = owners.get(path);
      if (other !== undefined && !(isDirectory && other.isDirectory)) {
        const [first, second] = [other.platform, platform].map(printPlatform);
        throw new HostError(
          'output-conflict',
          `"${bytePathToText(path)}" is a file of ${first} and of ${second}, and they go to one place`,
          { hint: 'leave out platform-split=false: each platform then gets a directory of its own' },
        );
      }
      owners.set(path, { platform, isDirectory });
    }
  }
}

function directoryStat(inode: string, seconds: number): FileStat {
  const mtime = { seconds, nanoseconds: 0 };
  const owner = { uid: 0, gid: 0, devMajor: 0, devMinor: 0 };
  return { type: 'directory', mode: 0o755, size: 0, mtime, linkCount: 1, inode, ...owner };
}
