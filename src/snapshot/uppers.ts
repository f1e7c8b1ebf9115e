import { chmodSync, chownSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../core/assert.ts';
import { bytePathFromText } from '../core/byte-path.ts';
import type { FileTree } from '../core/file-tree.ts';
import { setTimes } from '../sys/node.ts';
import { removeSmallTree } from '../sys/remove-tree.ts';
import { spreadDirectories } from '../sys/spread-directories.ts';
import { setXattr } from '../sys/xattr.ts';
import { randomID } from './snapshot-id.ts';
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
    const active: ActiveSnapshot = { upper: join(own, 'upper'), work: join(own, 'work') };
    for (const each of [active.upper, active.work]) mkdirSync(each);
    if (over === undefined) chmodSync(active.upper, 0o755);
    else copyRoot(over, active.upper);
    return active;
  };
}

/** ext4 chooses the place of a directory by its name as well: "0" would lie where the last build's "0" lay. */
function makePlace(directory: string): string {
  const path = join(directory, randomID());
  mkdirSync(path);
  return path;
}

const candidateCount = 4;

/**
 * The one of some places in which a file is made soonest: where ext4 remembers the inodes of many files that were
 * removed, making one takes up to thirty times as long (`spreadDirectories`). Looking takes some five milliseconds.
 */
function quickestPlace(directory: string): string {
  const candidates = Array.from({ length: candidateCount }, () => {
    const path = makePlace(directory);
    return { path, milliseconds: timeToMakeFiles(path) };
  }).sort((a, b) => a.milliseconds - b.milliseconds);
  const [quickest, ...others] = candidates.map(({ path }) => path);
  for (const path of others) removeSmallTree(path);
  assert(quickest !== undefined, 'there are candidates');
  return quickest;
}

/** The first files of a directory tell little: what slows the later ones down is not yet in memory. */
const [firstFiles, timedFiles] = [24, 32];

/** The files stay until the place goes: removed, they would be remembered as well. */
function timeToMakeFiles(directory: string): number {
  const make = (from: number, end: number) => {
    for (let at = from; at < end; at++) closeSync(openSync(join(directory, `trial-${at}`), 'wx', 0o600));
  };
  make(0, firstFiles);
  const start = performance.now();
  make(firstFiles, firstFiles + timedFiles);
  return performance.now() - start;
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
