import type { BytePath } from '../../core/byte-path.ts';
import type { Stack } from '../stack-layers.ts';
import type { LayerFile } from '../tree/layer-tree.ts';
import { largestPlaces } from './largest-places.ts';
import { adviseDuplicate, type LayerMaker } from './suggest.ts';
import type { WasteItem } from './waste-item.ts';

interface Duplicates {
  readonly layer: number;
  readonly original: number;
  readonly sizes: Map<BytePath, number>;
}

const nobody: LayerMaker = { instruction: '', isInBase: false };

/**
 * Visible files whose content a lower layer brought too, under another name that is visible as well. A layer that only
 * stored a file again, for another owner say, did not bring it.
 */
export function findDuplicates(stack: Stack, makers: readonly LayerMaker[]): WasteItem[] {
  const originals = new Map<string, number>();
  const groups = new Map<string, Duplicates>();
  for (const { path, file, origin: layer } of broughtFiles(stack)) {
    if (file.content === undefined || file.size === 0) continue;
    const original = originals.get(file.content);
    if (original === undefined) originals.set(file.content, layer);
    if (original === undefined || original === layer) continue;
    const key = `${layer} ${original}`;
    const group = groups.get(key) ?? { layer, original, sizes: new Map() };
    groups.set(key, group);
    group.sizes.set(path, file.size);
  }
  return [...groups.values()].map((group) => describe(group, makers));
}

interface Brought {
  readonly path: BytePath;
  readonly file: LayerFile;
  readonly origin: number;
}

/** Every visible file once, whatever its links, by the layer that brought it first. */
function broughtFiles({ merged }: Stack): Brought[] {
  const found = new Map<LayerFile, Brought>();
  for (const [path, { inode: file, origin }] of merged.entries()) {
    const known = found.get(file);
    if (known === undefined || origin < known.origin) found.set(file, { path, file, origin });
  }
  return [...found.values()].sort((a, b) => a.origin - b.origin);
}

function describe({ layer, original, sizes }: Duplicates, makers: readonly LayerMaker[]): WasteItem {
  const maker = makers[layer] ?? nobody;
  return {
    kind: 'duplicate',
    title: 'has the same content as files of a lower layer',
    bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    files: sizes.size,
    layer,
    otherLayer: original,
    places: largestPlaces(sizes),
    isInBase: maker.isInBase,
    suggestion: adviseDuplicate(makers[original] ?? nobody, maker),
  };
}
