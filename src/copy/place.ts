/** Where COPY and ADD put files (Dockerfile reference, 3.6 "Destination side"). */
import {
  type BytePath,
  baseName,
  bytePathFromText,
  cleanBeneath,
  compareBytes,
  joinBytePath,
  parentOf,
} from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import { emptyTree, type FileTree, resolveBeneath, type Timestamp, type Xattr } from '../core/file-tree.ts';
import type { LayerEntry } from '../layer/layer-entry.ts';
import { type Destination, openDestination, type PlacedFile } from './destination.ts';
import { knownContent } from './digest/known-content.ts';
import { makeDirectories, makeLeadingDirectories, shown } from './directories.ts';
import { type MetadataRequest, type MetadataRules, metadataRules } from './metadata.ts';
import type { SelectedFile, SelectedSource, Selection } from './selection.ts';
import { type PlaceableSource, placeArchive } from './unpack.ts';
import { isCopied } from './xattr-policy.ts';

export interface PlaceRequest extends MetadataRequest {
  /** Absolute and expanded; a slash at the end means "a directory". */
  readonly dest: string;
  readonly isLink: boolean;
}

/**
 * Whether the copy is made on an empty root and stacked on whatever is below: `--link`, unless `--chmod` is
 * there too. Its cache key then leaves out what is below.
 */
function standsAlone(request: Pick<PlaceRequest, 'isLink' | 'mode'>): boolean {
  return request.isLink && request.mode === undefined;
}

/**
 * Puts what was selected onto a tree and gives the change set: parents before children, in byte order.
 * @throws StepError `not-a-directory`, `cannot-replace-directory`, `cannot-copy-to-non-directory`,
 *   `no-user-database`
 */
export function placeFiles(
  selection: Selection<PlaceableSource>,
  below: FileTree,
  request: PlaceRequest,
): Iterable<LayerEntry> {
  const base = standsAlone(request) ? emptyTree : below;
  const onto = openDestination(base);
  const rules = metadataRules(base, request);
  const dest = bytePathFromText(request.dest);
  for (const [index, source] of selection.sources.entries()) {
    if (source.kind === 'archive') placeArchive(onto, rules, source, dest);
    else if (source.kind === 'file') placeFile(onto, rules, source, dest);
    else placeDirectory(onto, rules, source, dest, index);
  }
  for (const { name, content } of selection.heredocs) {
    const bytes = Buffer.from(content);
    const path = landing(onto, rules, dest, baseName(cleanBeneath(bytePathFromText(name))));
    putFile(onto, path, {
      stat: rules.inline(bytes.length),
      target: '',
      xattrs: noXattrs,
      content: { kind: 'bytes', bytes },
    });
  }
  return onto.entries();
}

function placeFile(
  onto: Destination,
  rules: MetadataRules,
  source: SelectedSource & { kind: 'file' },
  dest: BytePath,
): void {
  putFile(onto, landing(onto, rules, dest, source.name), placedFile(source.tree, source.file, rules));
}

/** @param group what its files are hard links within: those of another match of a wildcard are files of their own */
function placeDirectory(
  onto: Destination,
  rules: MetadataRules,
  source: SelectedSource & { kind: 'directory' },
  dest: BytePath,
  group: number,
): void {
  const top = openTop(onto, rules, dest, source.top?.mtime);
  for (const file of source.files) {
    const path = joinBytePath(top, file.to);
    const { type, linkCount, inode } = file.stat;
    const isLinked = type === 'file' && linkCount > 1;
    const alone = placedFile(source.tree, file, rules);
    const placed = isLinked ? { ...alone, linkGroup: `${group} ${inode}` } : alone;
    if (type === 'directory') putDirectory(onto, path, file.isPassage ? made(placed, rules) : placed);
    else putFile(onto, path, placed);
  }
}

/** The path a file source gets: the destination, or its own name inside it. */
function landing(onto: Destination, rules: MetadataRules, dest: BytePath, name: BytePath): BytePath {
  makeLeadingDirectories(onto, dest, rules.directory);
  const at = resolveBeneath(onto, cleanBeneath(dest));
  const path = onto.lstat(at)?.type === 'directory' ? joinBytePath(at, name) : at;
  makeDirectories(onto, parentOf(path), rules.directory);
  return path;
}

/** The directory that the contents of a source go into; its owner and mode are not the source's, its time is. */
function openTop(
  onto: Destination,
  rules: MetadataRules,
  dest: BytePath,
  mtime: Timestamp | undefined,
): BytePath {
  makeLeadingDirectories(onto, dest, rules.directory);
  const top = resolveBeneath(onto, cleanBeneath(dest));
  const there = onto.lstat(top);
  if (there !== undefined && there.type !== 'directory') throw nonDirectory(top);
  makeDirectories(onto, top, rules.directory);
  const file = onto.placed(top) ?? onto.inherited(top);
  if (file !== undefined && mtime !== undefined) onto.put(top, { ...file, stat: { ...file.stat, mtime } });
  return top;
}

function putFile(onto: Destination, path: BytePath, file: PlacedFile): void {
  if (path === '' || onto.lstat(path)?.type === 'directory') {
    throw new StepError('cannot-replace-directory', `cannot replace directory "${shown(path)}" with file`, {
      hint: 'a directory stands where the file would go; remove it in an earlier step or choose another destination',
    });
  }
  onto.put(path, file);
}

/** A nested directory brings its metadata along even when there is one already. */
function putDirectory(onto: Destination, path: BytePath, directory: PlacedFile): void {
  const there = onto.lstat(path);
  if (there !== undefined && there.type !== 'directory') throw nonDirectory(path);
  const before = onto.placed(path) ?? onto.inherited(path);
  if (before === undefined) onto.put(path, directory);
  else onto.put(path, { ...directory, xattrs: () => merged(before.xattrs(), directory.xattrs()) });
}

function placedFile(tree: FileTree, file: SelectedFile, rules: MetadataRules): PlacedFile {
  const { path, stat } = file;
  const isRead = stat.type === 'file' && stat.size > 0;
  const known = knownContent(tree, file);
  return {
    stat: rules.copied(stat),
    target: stat.type === 'symlink' ? tree.readlink(path) : '',
    xattrs: known?.xattrs === '-' ? noXattrs : () => tree.xattrs(path).filter(isCopied),
    content: isRead ? { kind: 'file', open: () => tree.open(path), sha256: known?.digest } : undefined,
  };
}

/** A directory that only leads to what was selected counts as made by the step. */
function made(directory: PlacedFile, rules: MetadataRules): PlacedFile {
  return { ...directory, stat: { ...directory.stat, mtime: rules.directory.mtime } };
}

function merged(below: readonly Xattr[], above: readonly Xattr[]): Xattr[] {
  const byName = new Map([...below, ...above].map((xattr) => [xattr.name, xattr]));
  return [...byName.values()].sort((a, b) => compareBytes(a.name, b.name));
}

function nonDirectory(path: BytePath): StepError {
  return new StepError('cannot-copy-to-non-directory', `cannot copy to non-directory: "${shown(path)}"`, {
    hint: 'a directory is copied there, but something else has the name; remove that in an earlier step',
  });
}

const noXattrs = (): readonly Xattr[] => [];
