import type { ImageReport } from '../../../inspect/report.ts';
import type { WasteItem } from '../../../inspect/waste/waste-item.ts';
import { h } from './element.ts';
import { countOf, layerWithPlace, printBytes } from './words.ts';

/** What need not be in the image, and what to do about it. */
export function wasteList(report: ImageReport): HTMLElement {
  const { items } = report.waste;
  if (items.length === 0) return h('p', {}, 'Nothing was found that need not be there.');
  return h('ol', { class: 'waste' }, ...items.map((item) => wasteItem(item, report)));
}

function wasteItem(item: WasteItem, { layers }: ImageReport): HTMLElement {
  const name = (index: number) => {
    const layer = layers[index];
    return layer === undefined ? '' : layerWithPlace(layer);
  };
  const other =
    item.otherLayer === null ? undefined : h('span', {}, ': ', h('code', {}, name(item.otherLayer)));
  return h(
    'li',
    {},
    h(
      'p',
      { class: 'clamped' },
      h('strong', {}, printBytes(item.bytes)),
      ' ',
      h('code', {}, name(item.layer)),
    ),
    h(
      'p',
      {},
      `${countOf(item.files, 'file')}, ${item.title}`,
      other,
      item.isInBase ? ' (in the base image)' : '',
    ),
    h(
      'p',
      { class: 'note' },
      item.places.map(({ path, bytes }) => `${path} ${printBytes(bytes)}`).join(', '),
    ),
    h('p', { class: 'advice' }, item.suggestion),
  );
}
