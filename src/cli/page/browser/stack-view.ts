import type { ImageReport, LayerReport } from '../../../inspect/report.ts';
import { h } from './element.ts';
import { countOf, kindOf, kindWords, type LayerKind, layerName, percent, printBytes } from './words.ts';

const kinds: readonly LayerKind[] = ['base', 'reused', 'new'];

/** All layers in one bar, to scale by the bytes of their files; what later layers hide is hatched. */
export function stackBar({ layers, size, waste }: ImageReport, onPick: (layer: number) => void): HTMLElement {
  const bytesOf = (kind: LayerKind) =>
    layers.filter((layer) => kindOf(layer) === kind).reduce((sum, each) => sum + each.size.content, 0);
  const parts = kinds
    .filter((kind) => bytesOf(kind) > 0)
    .map((kind) => `${kindWords[kind]} ${printBytes(bytesOf(kind))}`);
  const label = `${countOf(layers.length, 'layer')}, ${printBytes(size.content)} of files: ${parts.join('; ')}; wasted, hidden by later layers ${printBytes(waste.hiddenBytes)}`;
  return h(
    'figure',
    { class: 'stack' },
    h(
      'div',
      { class: 'bar', role: 'img', 'aria-label': label },
      ...layers.map((layer) => segment(layer, size.content, onPick)),
    ),
    h(
      'figcaption',
      {},
      ...kinds
        .filter((kind) => bytesOf(kind) > 0)
        .map((kind) => legend(`kind-${kind}`, `${kindWords[kind]}: ${printBytes(bytesOf(kind))}`)),
      legend(
        'hidden',
        `wasted, hidden by later layers: ${printBytes(waste.hiddenBytes)} (${percent(waste.hiddenBytes, size.content)})`,
      ),
    ),
  );
}

function segment(layer: LayerReport, total: number, onPick: (layer: number) => void): HTMLElement {
  const { content, hidden } = layer.size;
  const share = total === 0 ? 0 : content / total;
  const part = h('div', {
    class: `segment kind-${kindOf(layer)}`,
    style: `flex-grow:${share}`,
    title: `${layerName(layer)}\n${printBytes(content)} of files, ${printBytes(hidden)} hidden`,
  });
  if (hidden > 0) part.append(h('div', { class: 'hidden', style: `width:${(hidden / content) * 100}%` }));
  // Pointers have this short way; the list of layers is the one for everybody.
  part.addEventListener('click', () => onPick(layer.index));
  return part;
}

function legend(kind: string, text: string): HTMLElement {
  return h('span', { class: 'legend' }, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), text);
}
