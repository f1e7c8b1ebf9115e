import type { BytePath } from '../../core/byte-path.ts';
import { type FileReport, inTreeOrder, reportFile } from '../list-files.ts';
import { type Aspect, aspectsOf } from '../tree/aspects.ts';
import type { MergedTree, PlacedFile } from '../tree/merged-tree.ts';

/** What a file is like on one side; of a hard link, the file it repeats. */
export type FileSide = Omit<FileReport, 'path' | 'pathBytes' | 'change' | 'aspects'>;

/** A path that two finished filesystems do not have alike. */
export interface FileDifference {
  readonly path: string;
  readonly pathBytes?: string;
  /** From A to B. */
  readonly change: 'added' | 'removed' | 'changed';
  readonly aspects: readonly Aspect[];
  readonly a: FileSide | null;
  readonly b: FileSide | null;
}

/** Compares two finished filesystems; each directory comes before what lies in it. */
export function compareFiles(a: MergedTree, b: MergedTree): FileDifference[] {
  const found: (readonly [BytePath, FileDifference])[] = [];
  for (const [path, was] of a.entries()) {
    const is = b.get(path);
    const aspects = is === undefined ? [] : differences(was, is);
    if (is === undefined || aspects.length > 0) found.push([path, describe(path, was, is, aspects)]);
  }
  for (const [path, is] of b.entries()) {
    if (a.get(path) === undefined) found.push([path, describe(path, undefined, is, [])]);
  }
  return inTreeOrder(found).map(([, difference]) => difference);
}

function differences({ inode: a }: PlacedFile, { inode: b }: PlacedFile): Aspect[] {
  if (a === b) return [];
  const aspects = aspectsOf(a, b);
  // Nobody said what a directory is like that no layer has.
  return a.isImplied === true || b.isImplied === true
    ? aspects.filter((aspect) => aspect === 'type')
    : aspects;
}

function describe(
  path: BytePath,
  was: PlacedFile | undefined,
  is: PlacedFile | undefined,
  aspects: readonly Aspect[],
): FileDifference {
  const side = (placed: PlacedFile | undefined) =>
    placed === undefined ? undefined : reportFile(path, placed.inode, placed.layer, undefined);
  const [a, b] = [side(was), side(is)];
  const { pathBytes } = a ?? b ?? {};
  return {
    path: (a ?? b)?.path ?? '',
    ...(pathBytes === undefined ? {} : { pathBytes }),
    change: a === undefined ? 'added' : b === undefined ? 'removed' : 'changed',
    aspects,
    a: a === undefined ? null : sideOf(a),
    b: b === undefined ? null : sideOf(b),
  };
}

function sideOf(file: FileReport): FileSide {
  const { path: _path, pathBytes: _bytes, change: _change, aspects: _aspects, ...side } = file;
  return side;
}
