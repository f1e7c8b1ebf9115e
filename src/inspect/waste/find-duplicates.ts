import { parentOf } from '../../core/byte-path.ts';
import type { Stack } from '../stack-layers.ts';
import type { LayerFile } from '../tree/layer-tree.ts';
import type { LayerMaker } from './suggest.ts';
import { adviseDuplicate } from './suggest.ts';
import { largestPlaces, type WasteItem } from './waste-item.ts';

interface Duplicates {
  readonly layer: number;
  readonly original: number;
  readonly files: LayerFile[];
}

const nobody: LayerMaker = { instruction: '', isInBase: false };

/** Visible files whose content a lower layer has too, under another name that is visible as well. */
export function findDuplicates({ layers, merged }: Stack, makers: readonly LayerMaker[]): WasteItem[] {
  const visible = new Set<LayerFile>();
  for (const [, { inode }] of merged.entries()) visible.add(inode);
  const firstLayer = new Map<string, number>();
  const groups = new Map<string, Duplicates>();
  for (const [layer, { tree }] of layers.entries()) {
    for (const file of tree.files) {
      if (file.content === undefined || file.size === 0 || !visible.has(file)) continue;
      const original = firstLayer.get(file.content);
      if (original === undefined) firstLayer.set(file.content, layer);
      if (original === undefined || original === layer) continue;
      const key = `${layer} ${original}`;
      const group = groups.get(key) ?? { layer, original, files: [] };
      groups.set(key, group);
      group.files.push(file);
    }
  }
  return [...groups.values()].map((group) => describe(group, makers));
}

function describe({ layer, original, files }: Duplicates, makers: readonly LayerMaker[]): WasteItem {
  const sizes = new Map<string, number>();
  for (const { path, size } of files) {
    const place = files.length > placesInFull ? parentOf(path) : path;
    sizes.set(place, (sizes.get(place) ?? 0) + size);
  }
  const maker = makers[layer] ?? nobody;
  return {
    kind: 'duplicate',
    title: 'has the same content as files of a lower layer',
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    files: files.length,
    layer,
    otherLayer: original,
    places: largestPlaces(sizes),
    isInBase: maker.isInBase,
    suggestion: adviseDuplicate(makers[original] ?? nobody, maker),
  };
}

/** More files than these are told by their directories. */
const placesInFull = 5;
