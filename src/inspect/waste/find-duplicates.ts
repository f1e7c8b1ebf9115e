import { column } from '../../core/tables/column.ts';
import type { PathId } from '../../core/tables/path-table.ts';
import type { Stack } from '../stack-layers.ts';
import { largestPlaces } from './largest-places.ts';
import { adviseDuplicate, type LayerMaker } from './suggest.ts';
import type { WasteItem } from './waste-item.ts';

interface Duplicates {
  readonly layer: number;
  readonly original: number;
  readonly paths: PathId[];
}

const nobody: LayerMaker = { instruction: '', isInBase: false };

/**
 * Visible files whose content a lower layer brought too, under another name that is visible as well. A layer that only
 * stored a file again, for another owner say, did not bring it.
 */
export function findDuplicates(stack: Stack, makers: readonly LayerMaker[]): WasteItem[] {
  const { files, merged } = stack;
  /** By content: the layer that brought it first, from 1 on. */
  const originals = column(Uint32Array);
  const groups = new Map<string, Duplicates>();
  for (const path of broughtFiles(stack)) {
    const layer = merged.originOf(path);
    const content = files.columns.content.get(merged.inodeOf(merged.at(path)));
    const original = originals.get(content) - 1;
    if (original < 0) originals.set(content, layer + 1);
    if (original < 0 || original === layer) continue;
    const key = `${layer} ${original}`;
    const group = groups.get(key) ?? { layer, original, paths: [] };
    groups.set(key, group);
    group.paths.push(path);
  }
  return [...groups.values()].map((group) => describe(group, stack, makers));
}

/** Every visible file with content by one path, that of the layer which brought it first; the lowest layer first. */
function broughtFiles({ files, layers, merged }: Stack): PathId[] {
  /** By inodes: their paths, from 1 on. */
  const chosen = column(Uint32Array);
  for (const path of merged.paths()) {
    const inode = merged.inodeOf(merged.at(path));
    if (files.columns.content.get(inode) === 0 || files.sizeOf(inode) === 0) continue;
    const known = chosen.get(inode) - 1;
    if (known < 0 || merged.originOf(path) < merged.originOf(known)) chosen.set(inode, path + 1);
  }
  const byOrigin: PathId[][] = layers.map(() => []);
  for (const path of merged.paths()) {
    if (chosen.get(merged.inodeOf(merged.at(path))) === path + 1) byOrigin[merged.originOf(path)]?.push(path);
  }
  return byOrigin.flat();
}

function describe(
  { layer, original, paths }: Duplicates,
  { files, merged }: Stack,
  makers: readonly LayerMaker[],
): WasteItem {
  const maker = makers[layer] ?? nobody;
  const sizeAt = (path: PathId) => files.sizeOf(merged.inodeOf(merged.at(path)));
  return {
    kind: 'duplicate',
    title: 'has the same content as files of a lower layer',
    bytes: paths.reduce((sum, path) => sum + sizeAt(path), 0),
    files: paths.length,
    layer,
    otherLayer: original,
    places: largestPlaces(files.paths, paths, sizeAt),
    isInBase: maker.isInBase,
    suggestion: adviseDuplicate(makers[original] ?? nobody, maker),
  };
}
