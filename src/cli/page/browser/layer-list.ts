import type { ImageReport, LayerReport } from '../../../inspect/report.ts';
import { placeOf } from '../../inspect/short.ts';
import { h } from './element.ts';
import { countOf, kindOf, kindWords, printBytes, printSeconds, shortTime } from './words.ts';

/** The layers one below the other, the lowest first; each opens to all that is known of it. */
export function layerList({ layers, base }: ImageReport, onShowFiles: (layer: number) => void): HTMLElement {
  const largest = Math.max(1, ...layers.map(({ size }) => size.content));
  const items = layers.map((layer) => layerItem(layer, largest, onShowFiles));
  const baseTitle =
    base === null
      ? undefined
      : h(
          'p',
          { class: 'note' },
          `Base image, ${countOf(base.count, 'layer')}: ${base.name ?? 'what the history has before this build'}`,
        );
  return h('div', {}, baseTitle, h('ol', { class: 'layers', start: 0 }, ...items));
}

function layerItem(layer: LayerReport, largest: number, onShowFiles: (layer: number) => void): HTMLElement {
  const { index, size, files, instruction, source } = layer;
  const kind = kindOf(layer);
  const place = source === null ? undefined : h('span', { class: 'place' }, `${placeOf(source)} `);
  const button = h('button', { type: 'button' }, 'Show its files');
  button.addEventListener('click', () => onShowFiles(index));
  return h(
    'li',
    { class: 'layer', 'data-layer': index },
    h(
      'details',
      {},
      h(
        'summary',
        {},
        h('span', { class: 'chevron', 'aria-hidden': 'true' }),
        h('span', { class: `swatch kind-${kind}`, role: 'img', 'aria-label': kindWords[kind] }),
        h('span', { class: 'index' }, String(index)),
        h('code', {}, place, instruction === '' ? '(no history)' : instruction),
        h('span', { class: 'number' }, printBytes(size.content)),
        h('span', { class: 'counts number' }, `+${files.added} ~${files.changed} −${files.removed}`),
        meter(layer, largest),
      ),
      facts(layer),
      button,
    ),
  );
}

function meter({ size, ...layer }: LayerReport, largest: number): HTMLElement {
  const width = (bytes: number) => `width:${((bytes / largest) * 100).toFixed(2)}%`;
  const bar = h('span', { class: `fill kind-${kindOf({ size, ...layer })}`, style: width(size.content) });
  if (size.hidden > 0)
    bar.append(h('span', { class: 'hidden', style: `width:${(size.hidden / size.content) * 100}%` }));
  return h('span', { class: 'meter', 'aria-hidden': 'true' }, bar);
}

function facts(layer: LayerReport): HTMLElement {
  const { digest, diffID, chainID, mediaType, size, created, createdBy, sharedWith, source } = layer;
  const shared = sharedWith.length === 0 ? 'no other image of the store' : sharedWith.join(', ');
  const built =
    source === null
      ? undefined
      : source.result === 'cached'
        ? 'cached'
        : `run in ${printSeconds(source.durationMs)}`;
  const rows: [string, string | undefined][] = [
    ['Stored', `${printBytes(size.stored)} (${mediaType})`],
    ['Unpacked', `${printBytes(size.content)} of files, ${printBytes(size.tar)} as tar`],
    ['Hidden by later layers', printBytes(size.hidden)],
    ['Last build', built],
    ['Created', created === null ? undefined : `${shortTime(created)} UTC`],
    ['Created by', createdBy ?? undefined],
    ['Digest', digest],
    ['DiffID', diffID ?? undefined],
    ['ChainID', chainID ?? undefined],
    ['Shared with', shared],
  ];
  return definitions(rows);
}

/** Names and values; what is not known is left out. */
export function definitions(
  rows: readonly (readonly [name: string, value: string | undefined])[],
): HTMLElement {
  const pairs = rows.filter(([, value]) => value !== undefined && value !== '');
  return h('dl', {}, ...pairs.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}
