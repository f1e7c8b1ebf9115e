import { column } from '../../core/tables/column.ts';
import type { PathId } from '../../core/tables/path-table.ts';
import type { FileTable } from '../tree/file-table.ts';
import type { LayerTree } from '../tree/layer-tree.ts';
import type { MergedTree } from '../tree/merged-tree.ts';

/** How much of what the layers store has to be there, with dive's definition and dive's names. */
export interface Efficiency {
  /** 0-1: the smallest size each path ever has, summed, over all sizes of all paths. 1 for an image without bytes. */
  readonly score: number;
  /** All bytes of every path that more than one layer holds or deletes. */
  readonly wastedBytes: number;
  /** Bytes of all layers but the lowest. */
  readonly userBytes: number;
  /** `wastedBytes / userBytes`; 0 when there are no user bytes. */
  readonly userWastedRatio: number;
}

/**
 * Computes the score of dive (wagoodman/dive, `filetree.Efficiency`): every leaf of every layer adds its size to
 * its path; a whiteout adds 0 for a file, and for a directory all that the layers below have in it. Markers of
 * opaque directories add nothing. Feed it each layer with the filesystem below it, lowest first.
 */
export function efficiencyMeter(files: FileTable): {
  addLayer(layer: LayerTree, below: MergedTree): void;
  result(): Efficiency;
} {
  const { paths } = files;
  const sums = column(Float64Array);
  const least = column(Float64Array);
  /** How often a path was met; more than twice is as twice. */
  const times = column(Uint8Array);
  let layers = 0;
  let userBytes = 0;

  const add = (path: PathId, size: number) => {
    const met = times.get(path);
    if (met < 2) times.set(path, met + 1);
    if (size > 0) sums.set(path, sums.get(path) + size);
    if (met === 0 ? size > 0 : size < least.get(path)) least.set(path, size);
  };

  return {
    addLayer({ start, end, deleted }, below) {
      for (const path of deleted) add(path, directorySize(path, files, below));
      const holdsSomething = column(Uint8Array);
      for (const path of deleted) holdsSomething.set(paths.parentOf(path), 1);
      for (let file = start; file < end; file++) holdsSomething.set(paths.parentOf(files.pathOf(file)), 1);
      for (let file = start; file < end; file++) {
        const [path, size] = [files.pathOf(file), files.sizeOf(file)];
        if (layers > 0) userBytes += size;
        if (files.typeOf(file) !== 'directory' || holdsSomething.get(path) === 0) add(path, size);
      }
      layers++;
    },
    result() {
      let leastBytes = 0;
      let bytes = 0;
      let wastedBytes = 0;
      for (let path = 0; path < paths.count; path++) {
        leastBytes += least.get(path);
        bytes += sums.get(path);
        if (times.get(path) > 1) wastedBytes += sums.get(path);
      }
      return {
        score: bytes === 0 ? 1 : leastBytes / bytes,
        wastedBytes,
        userBytes,
        userWastedRatio: userBytes === 0 ? 0 : wastedBytes / userBytes,
      };
    },
  };
}

function directorySize(path: PathId, files: FileTable, below: MergedTree): number {
  if (files.typeOf(below.at(path)) !== 'directory') return 0;
  let size = 0;
  for (const each of below.below(path)) size += files.sizeOf(below.at(each));
  return size;
}
