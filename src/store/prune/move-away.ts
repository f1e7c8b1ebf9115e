import { existsSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { tryLockFile } from '../../sys/file-lock.ts';
import type { Piece } from '../disk-use/piece.ts';

/** Whether somebody holds the lock of a piece. */
export function isLocked(root: string, { lock }: Piece): boolean {
  if (lock === undefined || !existsSync(join(root, lock))) return false;
  const held = tryLockFile(join(root, lock), 'exclusive');
  held?.release();
  return held === undefined;
}

/**
 * Takes pieces out of sight: files are removed, directories go to `aside`, which is on the same filesystem, to be
 * removed at leisure. A piece whose lock somebody took meanwhile stays.
 * @returns the pieces that went
 */
export function moveAway(root: string, pieces: readonly Piece[], aside: string): Piece[] {
  let count = 0;
  const take = (path: string) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) renameSync(path, join(aside, String(count++)));
    else if (stat !== undefined) unlinkSync(path);
  };
  return pieces.filter(({ paths, lock }) => {
    const held = lock === undefined ? undefined : tryLockFile(join(root, lock), 'exclusive');
    if (lock !== undefined && held === undefined) return false;
    for (const path of recordsFirst(paths)) take(join(root, path));
    held?.release();
    return true;
  });
}

/** Should this process be killed in between, what is left is needed by nothing. */
function recordsFirst(paths: readonly string[]): string[] {
  return [...paths].sort((a, b) => Number(b.startsWith('layers/')) - Number(a.startsWith('layers/')));
}
