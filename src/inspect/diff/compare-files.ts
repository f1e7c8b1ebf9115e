import { column } from '../../core/tables/column.ts';
import { type FileReport, reportFile } from '../list-files.ts';
import type { Stack } from '../stack-layers.ts';
import { type Aspect, type AspectSet, aspectSet, aspectsIn, aspectsOf, noAspects } from '../tree/aspects.ts';
import { type FileId, noFile } from '../tree/file-table.ts';

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

/** How many paths differ. */
export interface FileTally {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** How many of the changed ones differ in just these aspects. */
  readonly changedIn: ReadonlyMap<AspectSet, number>;
}

export interface FilesCompared {
  readonly tally: FileTally;
  /** Read anew each time; each directory comes before what lies in it. */
  readonly differences: Iterable<FileDifference>;
}

/** Compares two finished filesystems whose files are in one table. */
export function compareFiles(a: Stack, b: Stack): FilesCompared {
  const { paths } = a.files;
  const differing = column(Uint8Array);
  const tally = { added: 0, removed: 0, changed: 0, changedIn: new Map<AspectSet, number>() };
  for (let path = 0; path < paths.count; path++) {
    const [was, is] = [a.merged.at(path), b.merged.at(path)];
    const aspects = was === noFile || is === noFile ? noAspects : changedAspects(a, b, was, is);
    if (aspects === noAspects && (was === noFile) === (is === noFile)) continue;
    differing.set(path, 1);
    if (was === noFile) tally.added++;
    else if (is === noFile) tally.removed++;
    else {
      tally.changed++;
      tally.changedIn.set(aspects, (tally.changedIn.get(aspects) ?? 0) + 1);
    }
  }
  const differences = {
    *[Symbol.iterator]() {
      for (const path of paths.inTreeOrder()) {
        if (differing.get(path) === 1) yield describe(a, b, a.merged.at(path), b.merged.at(path));
      }
    },
  };
  return { tally, differences };
}

function changedAspects(a: Stack, b: Stack, was: FileId, is: FileId): AspectSet {
  const { files } = a;
  const [inodeA, inodeB] = [a.merged.inodeOf(was), b.merged.inodeOf(is)];
  if (inodeA === inodeB) return noAspects;
  const aspects = aspectsOf(files, inodeA, inodeB);
  // Nobody said what a directory is like that no layer has.
  return files.isImplied(inodeA) || files.isImplied(inodeB) ? aspects & aspectSet('type') : aspects;
}

function describe(a: Stack, b: Stack, was: FileId, is: FileId): FileDifference {
  const { path, pathBytes } = reportOf(was === noFile ? b : a, was === noFile ? is : was);
  return {
    path,
    ...(pathBytes === undefined ? {} : { pathBytes }),
    change: was === noFile ? 'added' : is === noFile ? 'removed' : 'changed',
    aspects: was === noFile || is === noFile ? [] : aspectsIn(changedAspects(a, b, was, is)),
    a: was === noFile ? null : sideOf(reportOf(a, a.merged.inodeOf(was), a.merged.layerOf(was))),
    b: is === noFile ? null : sideOf(reportOf(b, b.merged.inodeOf(is), b.merged.layerOf(is))),
  };
}

function reportOf({ files, merged }: Stack, file: FileId, layer = merged.layerOf(file)): FileReport {
  return reportFile(files.read(file), layer, undefined);
}

function sideOf(file: FileReport): FileSide {
  const { path: _path, pathBytes: _bytes, change: _change, aspects: _aspects, ...side } = file;
  return side;
}
