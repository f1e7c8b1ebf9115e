import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../core/errors.ts';

/** What is asked of a file of the store. */
export interface StoreFile {
  /** Beneath the root. */
  readonly path: string;
  /** On the disk. */
  readonly bytes: number;
  readonly inode: number;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
  readonly changedAt: number;
}

/** `stat` counts in these, whatever blocks the filesystem has. */
const blockBytes = 512;

/** Undefined when nothing is there. */
export function lookAt(root: string, path: string): StoreFile | undefined {
  const stat: Stats | undefined = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const { blocks, ino, mtimeMs, ctimeMs } = stat;
  return { path, bytes: blocks * blockBytes, inode: ino, usedAt: mtimeMs, changedAt: ctimeMs };
}

/** The entries of a directory of the store, in the order of their names; none when it is missing. */
export function listDirectory(root: string, path: string): Dirent[] {
  try {
    const entries = readdirSync(join(root, path), { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
