import type { PathId } from '../../core/tables/path-table.ts';
import type { Stack } from '../stack-layers.ts';
import { type FileId, noFile } from '../tree/file-table.ts';
import { largestPlaces } from './largest-places.ts';
import { findLeftBehindKind, type LeftBehind } from './left-behind.ts';
import type { LayerMaker } from './suggest.ts';
import type { WasteItem } from './waste-item.ts';

interface Found {
  readonly what: LeftBehind;
  readonly layer: number;
  readonly files: FileId[];
  /** Where each of them is. */
  readonly places: PathId[];
}

/** Visible files that a finished image rarely needs, by kind and by the layer that brought them. */
export function findLeftBehind({ files, merged }: Stack, makers: readonly LayerMaker[]): WasteItem[] {
  const { paths } = files;
  const groups = new Map<string, Found>();
  for (const path of merged.paths()) {
    const file = merged.at(path);
    if (files.typeOf(file) !== 'file' || files.sizeOf(file) === 0) continue;
    const match = findLeftBehindKind(paths.textOf(path));
    if (match === undefined) continue;
    const layer = merged.originOf(path);
    const key = `${layer} ${match.what.title}`;
    const found = groups.get(key) ?? { what: match.what, layer, files: [], places: [] };
    groups.set(key, found);
    found.files.push(file);
    found.places.push(paths.find(match.place) ?? path);
  }
  return [...groups.values()].map(({ what, layer, files: found, places }): WasteItem => {
    return {
      kind: 'left-behind',
      title: what.title,
      bytes: found.reduce((sum, file) => sum + files.sizeOf(file), 0),
      files: found.length,
      layer,
      otherLayer: null,
      places: largestPlaces(paths, places, (_place, index) => files.sizeOf(found[index] ?? noFile)),
      isInBase: makers[layer]?.isInBase ?? false,
      suggestion: what.suggestion,
    };
  });
}
