import { closeSync, fstatSync, type Stats } from 'node:fs';
import { type BytePath, bytePathToText } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import type { FileStat, FileTree, Timestamp } from '../core/file-tree.ts';
import { hashContent } from './digest/hash-content.ts';
import { knownContent } from './digest/known-content.ts';
import type { SelectedFile, SelectedSource, Selection } from './selection.ts';

/**
 * The selection, with trees that give files and symlinks only as they were when they were selected. Between the digest
 * that names the step and the copy other steps may take minutes, in which somebody saves a file: under that
 * name, the new content would be taken for the old one ever after.
 *
 * Reading from them throws StepError `source-changed`.
 */
export function asSelected(selection: Selection): Selection {
  return { ...selection, sources: selection.sources.map(held) };
}

function held(source: SelectedSource): SelectedSource {
  const { tree } = source;
  // What does not lie in a directory of the host is the build's own.
  if (tree.directory === undefined) return source;
  const files = source.kind === 'file' ? [source.file] : source.files;
  const selected = new Map(files.map((file) => [file.path, file]));
  return {
    ...source,
    tree: {
      ...tree,
      open: (path) => openUnchanged(tree, path, selected.get(path)),
      readlink(path) {
        const before = selected.get(path)?.stat.ctime;
        const now = before === undefined ? undefined : tree.lstat(path)?.ctime;
        if (!isSameTime(before, now)) throw changed(path);
        return tree.readlink(path);
      },
    },
  };
}

function openUnchanged(tree: FileTree, path: BytePath, file: SelectedFile | undefined): number {
  const fd = tree.open(path);
  let isUnchanged = false;
  try {
    const now = fstatSync(fd);
    isUnchanged =
      file === undefined ||
      (now.size === file.stat.size && (hasItsTimes(now, file.stat) || holdsTheSame(tree, file)));
  } finally {
    if (!isUnchanged) closeSync(fd);
  }
  if (!isUnchanged) throw changed(path);
  return fd;
}

function hasItsTimes(now: Stats, { mtime, ctime }: FileStat): boolean {
  return now.mtimeMs === milliseconds(mtime) && (ctime === undefined || now.ctimeMs === milliseconds(ctime));
}

/** For what somebody only touched, or gave another name: whether the digest is still right, where one is known. */
function holdsTheSame(tree: FileTree, file: SelectedFile): boolean {
  const known = knownContent(tree, file)?.digest;
  if (known === undefined) return false;
  const run = hashContent(tree, file.path, file.stat.size);
  for (;;) {
    const { done, value } = run.next();
    if (done === true) return value.digest === known;
  }
}

function changed(path: BytePath): StepError {
  return new StepError(
    'source-changed',
    `"/${bytePathToText(path)}" changed after the build had looked at it`,
    {
      hint: 'build again: steps that were done do not run again',
    },
  );
}

function isSameTime(a: Timestamp | undefined, b: Timestamp | undefined): boolean {
  return a?.seconds === b?.seconds && a?.nanoseconds === b?.nanoseconds;
}

/** As Node counts them, in one number. */
function milliseconds({ seconds, nanoseconds }: Timestamp): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
