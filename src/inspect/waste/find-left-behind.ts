import type { BytePath } from '../../core/byte-path.ts';
import type { Stack } from '../stack-layers.ts';
import { largestPlaces } from './largest-places.ts';
import { findLeftBehindKind, type LeftBehind } from './left-behind.ts';
import type { LayerMaker } from './suggest.ts';
import type { WasteItem } from './waste-item.ts';

interface Found {
  readonly what: LeftBehind;
  readonly layer: number;
  readonly places: Map<BytePath, number>;
  bytes: number;
  files: number;
}

/** Visible files that a finished image rarely needs, by kind and by the layer that brought them. */
export function findLeftBehind({ merged }: Stack, makers: readonly LayerMaker[]): WasteItem[] {
  const groups = new Map<string, Found>();
  for (const [path, { file, origin: layer }] of merged.entries()) {
    if (file.type !== 'file' || file.size === 0) continue;
    const match = findLeftBehindKind(path);
    if (match === undefined) continue;
    const key = `${layer} ${match.what.title}`;
    const found = groups.get(key) ?? { what: match.what, layer, places: new Map(), bytes: 0, files: 0 };
    groups.set(key, found);
    found.places.set(match.place, (found.places.get(match.place) ?? 0) + file.size);
    found.bytes += file.size;
    found.files++;
  }
  return [...groups.values()].map(
    ({ what, layer, places, bytes, files }): WasteItem => ({
      kind: 'left-behind',
      title: what.title,
      bytes,
      files,
      layer,
      otherLayer: null,
      places: largestPlaces(places),
      isInBase: makers[layer]?.isInBase ?? false,
      suggestion: what.suggestion,
    }),
  );
}
