/**
 * Places on the disk: directories in one that `spreadDirectories` was called for, so that what is made in them lies far
 * from what is made in the others.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../core/assert.ts';
import { removeSmallTree } from '../sys/remove-tree.ts';
import { randomID } from './snapshot-id.ts';

/** ext4 chooses the place of a directory by its name as well: "0" would lie where the last build's "0" lay. */
export function makePlace(directory: string): string {
  const path = join(directory, randomID());
  mkdirSync(path);
  return path;
}

const candidateCount = 4;

/**
 * The one of some places in which a file is made soonest: where ext4 remembers the inodes of many files that were
 * removed, making one takes up to thirty times as long (`spreadDirectories`). Looking takes some five milliseconds.
 */
export function quickestPlace(directory: string): string {
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
