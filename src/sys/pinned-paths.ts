import { closeSync, constants, openSync } from 'node:fs';
import { type BytePath, bytePathToFs, joinBytePath, parentOf } from '../core/byte-path.ts';
import { systemCode } from '../core/errors.ts';
import type { FileStat } from '../core/file-tree.ts';
import { statFile } from './stat.ts';

/** Names for what lies beneath a directory, which lead there and nowhere else whatever is renamed meanwhile. */
export interface PinnedPaths {
  /**
   * Of a file: its last component is not followed by what does not follow links, and no other can be one.
   * @throws a system error when a component before the last is no directory, ENOTDIR for a symlink
   */
  file(path: BytePath): BytePath;
  /** @throws the same, for the last component too */
  directory(path: BytePath): BytePath;
  /** What is there, not following symlinks; undefined where nothing is, or no way leads. */
  stat(path: BytePath): FileStat | undefined;
  /** Ends the names that were given; the next question opens the directories anew. */
  close(): void;
}

/** Not among Node's constants; the same on every architecture that Node runs on. */
const pathOnly = 0o10000000;
const pinFlags = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Whoever may write to a tree can put a symlink where a directory was, between our look at it and our next step.
 * So directories are opened one by one from the root on, none by a link, and what lies in them is reached by
 * the descriptor. Those on the way to the path asked last stay open: a walk opens each directory once.
 */
export function pinnedPaths(root: BytePath): PinnedPaths {
  const open: { readonly name: BytePath; readonly descriptor: number }[] = [];

  /** Where `open` leads; most questions are about what lies in the same directory. */
  let pinned: BytePath | undefined;

  const pin = (directory: BytePath): number => {
    if (directory === pinned) return top();
    pinned = undefined;
    const names = directory === '' ? [] : directory.split('/');
    if (open.length === 0) {
      const descriptor = openSync(bytePathToFs(root), pathOnly | constants.O_DIRECTORY);
      open.push({ name: '', descriptor });
    }
    let depth = 1;
    while (depth <= names.length && open[depth]?.name === names[depth - 1]) depth++;
    for (const { descriptor } of open.splice(depth)) closeSync(descriptor);
    for (const name of names.slice(depth - 1)) {
      const descriptor = openSync(bytePathToFs(inside(top(), name)), pinFlags);
      open.push({ name, descriptor });
    }
    pinned = directory;
    return top();
  };

  const top = (): number => open.at(-1)?.descriptor ?? -1;

  return {
    file: (path) => inside(pin(parentOf(path)), nameOf(path)),
    directory: (path) => inside(pin(path), '.'),
    stat(path) {
      let parent: number;
      try {
        parent = pin(parentOf(path));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
      return statFile(nameOf(path), parent);
    },
    close() {
      pinned = undefined;
      for (const { descriptor } of open.splice(0)) closeSync(descriptor);
    },
  };
}

function nameOf(path: BytePath): BytePath {
  return path === '' ? '.' : path.slice(path.lastIndexOf('/') + 1);
}

/** No such name, or no way there: what stands on it is no directory. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
}

function inside(descriptor: number, name: BytePath): BytePath {
  return joinBytePath(`/proc/self/fd/${descriptor}`, name);
}
