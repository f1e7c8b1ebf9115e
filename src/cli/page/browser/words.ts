import type { LayerReport } from '../../../inspect/report.ts';
import { printBytes, printSeconds } from '../../../progress/text/quantities.ts';
import { placeOf, shortTime } from '../../inspect/short.ts';

export { printBytes, printSeconds, shortTime };

/** `1 file`, `3 files`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** `12.5 %`. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${((part / whole) * 100).toFixed(1)} %`;
}

/** What a layer is to the person who builds. */
export type LayerKind = 'base' | 'reused' | 'new';

/** Being of the base comes first: base layers are in other images as well. */
export function kindOf({ isBase, sharedWith, source }: LayerReport): LayerKind {
  if (isBase) return 'base';
  return sharedWith.length > 0 || source?.result === 'cached' ? 'reused' : 'new';
}

export const kindWords: Readonly<Record<LayerKind, string>> = {
  base: 'base image',
  reused: 'reused: cached in the last build, or in other images of the store',
  new: 'new in this image',
};

/** What a layer is called: its number and the instruction, where one is known. */
export function layerName({ index, instruction }: LayerReport): string {
  return `Layer ${index}${instruction === '' ? '' : `: ${instruction}`}`;
}

/** A layer with the Dockerfile's line that made it. */
export function layerWithPlace(layer: LayerReport): string {
  const { index, source, instruction } = layer;
  return source === null ? layerName(layer) : `Layer ${index}, ${placeOf(source)}: ${instruction}`;
}
