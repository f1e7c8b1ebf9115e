import { type BytePath, parentOf } from '../../core/byte-path.ts';
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

interface PathSizes {
  sum: number;
  least: number;
  times: number;
}

/**
 * Computes the score of dive (wagoodman/dive, `filetree.Efficiency`): every leaf of every layer adds its size to
 * its path; a whiteout adds 0 for a file, and for a directory all that the layers below have in it. Markers of
 * opaque directories add nothing. Feed it each layer with the filesystem below it, lowest first.
 */
export function efficiencyMeter(): {
  addLayer(layer: LayerTree, below: MergedTree): void;
  result(): Efficiency;
} {
  const paths = new Map<BytePath, PathSizes>();
  let layers = 0;
  let userBytes = 0;

  const add = (path: BytePath, size: number) => {
    const sizes = paths.get(path);
    if (sizes === undefined) {
      paths.set(path, { sum: size, least: size, times: 1 });
      return;
    }
    sizes.sum += size;
    sizes.least = Math.min(sizes.least, size);
    sizes.times++;
  };

  return {
    addLayer({ files, deleted }, below) {
      for (const path of deleted) add(path, directorySize(path, below));
      const inner = new Set(
        [...files, ...deleted.map((path) => ({ path }))].map(({ path }) => parentOf(path)),
      );
      for (const { path, type, size } of files) {
        if (layers > 0) userBytes += size;
        if (type !== 'directory' || !inner.has(path)) add(path, size);
      }
      layers++;
    },
    result() {
      let least = 0;
      let sum = 0;
      let wastedBytes = 0;
      for (const sizes of paths.values()) {
        least += sizes.least;
        sum += sizes.sum;
        if (sizes.times > 1) wastedBytes += sizes.sum;
      }
      return {
        score: sum === 0 ? 1 : least / sum,
        wastedBytes,
        userBytes,
        userWastedRatio: userBytes === 0 ? 0 : wastedBytes / userBytes,
      };
    },
  };
}

function directorySize(path: BytePath, below: MergedTree): number {
  if (below.get(path)?.file.type !== 'directory') return 0;
  let size = 0;
  for (const { file } of below.subtree(path)) size += file.size;
  return size;
}
