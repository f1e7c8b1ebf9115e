import type { Dirent } from 'node:fs';
import type { FileSystemAdapter } from 'fast-glob';
import { type BytePath, cleanBeneath, joinBytePath } from '../../core/byte-path.ts';
import type { FileTree, FileType } from '../../core/file-tree.ts';

/**
 * Every path below `base` that a glob of names and stars matches, relative to it, in no order. Directories
 * are met as the tree shows them: ignored files are no candidates, no symlink is entered.
 */
export async function listCandidates(tree: FileTree, base: BytePath, glob: string): Promise<BytePath[]> {
  // Loaded for the first wildcard only: most builds have none, and it takes longer than a cached step.
  const { default: fastGlob } = await import('fast-glob');
  return fastGlob.sync(glob, {
    cwd: `/${base}`,
    fs: { readdirSync: readdirOf(tree) },
    dot: true,
    onlyFiles: false,
    followSymbolicLinks: false,
    braceExpansion: false,
    extglob: false,
    globstar: false,
  });
}

/** fast-glob asks for entries with their types; its interface has the names alone as well. */
function readdirOf(tree: FileTree): FileSystemAdapter['readdirSync'] {
  function readdir(directory: string, options: { withFileTypes: true }): Dirent[];
  function readdir(directory: string): string[];
  function readdir(directory: string, options?: { withFileTypes: true }): Dirent[] | string[] {
    const path = cleanBeneath(directory);
    const names = tree.list(path);
    if (options === undefined) return [...names];
    return names.map((name) => entry(path, name, tree.lstat(joinBytePath(path, name))?.type));
  }
  return readdir;
}

function entry(path: BytePath, name: BytePath, type: FileType | undefined): Dirent {
  return {
    name,
    path,
    parentPath: path,
    isFile: () => type === 'file',
    isDirectory: () => type === 'directory',
    isSymbolicLink: () => type === 'symlink',
    isFIFO: () => type === 'fifo',
    isSocket: () => type === 'socket',
    isCharacterDevice: () => type === 'char',
    isBlockDevice: () => type === 'block',
  };
}
