import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../core/assert.ts';
import { bytePathFromText } from '../core/byte-path.ts';
import type { FileTree } from '../core/file-tree.ts';
import { setTimes } from '../sys/node.ts';
import { spreadDirectories } from '../sys/spread-directories.ts';
import { setXattr } from '../sys/xattr.ts';
import { makePlace, quickestPlace } from './places.ts';
import type { ActiveSnapshot } from './snapshotter.ts';

/**
 * Makes uppers in `directory`, each in a directory of its own beside the one that overlay works in.
 * @returns makes one whose root is like that of `over`; over nothing it is 0755, 0:0 and of now. For a large one it
 *   looks for a good place.
 */
export function upperMaker(
  directory: string,
): (over: FileTree | undefined, isLarge: boolean) => ActiveSnapshot {
  let isSpread = false;
  return (over, isLarge) => {
    if (!isSpread) spreadDirectories(directory);
    isSpread = true;
    const own = isLarge ? quickestPlace(directory) : makePlace(directory);
    const active: ActiveSnapshot = {
      upper: join(own, 'upper'),
      work: join(own, 'work'),
      places: directory,
    };
    for (const each of [active.upper, active.work]) mkdirSync(each);
    if (over === undefined) chmodSync(active.upper, 0o755);
    else copyRoot(over, active.upper);
    return active;
  };
}

/** Where upper and work of a prepared snapshot lie, and nothing else. */
export function ownDirectory(active: ActiveSnapshot): string {
  return dirname(active.upper);
}

/** Gives `upper` the metadata of the root of a tree. */
function copyRoot(tree: FileTree, upper: string): void {
  const stat = tree.lstat('');
  assert(stat !== undefined, 'a tree has a root');
  chownSync(upper, stat.uid, stat.gid);
  chmodSync(upper, stat.mode);
  const host = bytePathFromText(upper);
  for (const { name, value } of tree.xattrs('')) setXattr(host, name, value);
  setTimes(host, stat.mtime);
}
