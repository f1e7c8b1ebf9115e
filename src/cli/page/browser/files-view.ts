import type { PageImage } from '../data.ts';
import { h } from './element.ts';
import { type WeighedNode, weigh } from './file-tree.ts';
import { pagedTable } from './paged-table.ts';
import { drawTreemap, layerColors } from './treemap.ts';
import { countOf, layerName, percent, printBytes } from './words.ts';

export interface FilesView {
  readonly element: HTMLElement;
  /** Shows the files of one layer. */
  showLayer(layer: number): void;
}

/** Files by size: tiles, and the same as a table, of one directory at a time. */
export function filesView({ report, files }: PageImage, id: string): FilesView {
  const layers = h(
    'select',
    { id: `${id}-layer` },
    h('option', { value: '' }, 'all layers'),
    ...report.layers.map((layer) => h('option', { value: layer.index }, layerName(layer).slice(0, 80))),
  );
  const withHidden = h('input', { type: 'checkbox', id: `${id}-hidden` });
  const trail = h('nav', { 'aria-label': 'Directory', class: 'trail' });
  const status = h('p', { role: 'status', class: 'note' });
  const list = h('div', {});
  const map = h('div', {});
  let here: WeighedNode | undefined;
  let width = 0;

  function tree(): WeighedNode {
    const layer = layers.value === '' ? undefined : Number(layers.value);
    return weigh(files, { layer, withHidden: withHidden.checked || layer !== undefined });
  }
  function choose(): void {
    open(tree());
  }
  function open(node: WeighedNode): void {
    trail.replaceChildren(...trailOf(node, open));
    status.textContent = `${printBytes(node.bytes)} in ${countOf(node.files, 'file')} beneath ${node.path}${node.hidden > 0 ? `, ${printBytes(node.hidden)} of it hidden by later layers` : ''}`;
    here = node;
    draw();
    list.replaceChildren(childTable(node, open));
  }
  function draw(): void {
    if (here !== undefined && width > 0) map.replaceChildren(drawTreemap(here, width, open), legend(here));
  }
  // Drawn for the width there is: what is scaled cannot be read on a small screen.
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry?.contentRect.width ?? 0);
    if (now === width) return;
    width = now;
    draw();
  }).observe(map);
  layers.addEventListener('change', choose);
  withHidden.addEventListener('change', choose);
  choose();

  const controls = h(
    'p',
    { class: 'controls' },
    h('label', { for: `${id}-layer` }, 'Layer '),
    layers,
    ' ',
    withHidden,
    h('label', { for: `${id}-hidden` }, ' with files that later layers hide (darker)'),
  );
  return {
    element: h('div', {}, controls, trail, status, map, list),
    showLayer(layer) {
      layers.value = String(layer);
      choose();
    },
  };
}

/** The colours of the layers that are seen. */
function legend(node: WeighedNode): HTMLElement {
  const layers = new Set<number>();
  const visit = (each: WeighedNode) => {
    if (each.children.length === 0) layers.add(each.layer);
    for (const child of each.children) visit(child);
  };
  visit(node);
  const items = [...layers]
    .sort((a, b) => a - b)
    .map((layer) => h('span', { class: 'legend' }, swatch(layer), `layer ${layer}`));
  return h('p', { class: 'note' }, ...items);
}

function swatch(layer: number): HTMLElement {
  return h('span', { class: `swatch layer-${layer % layerColors}`, 'aria-hidden': 'true' });
}

function trailOf(node: WeighedNode, open: (node: WeighedNode) => void): Node[] {
  const above: WeighedNode[] = [];
  for (let at: WeighedNode | undefined = node; at !== undefined; at = at.parent) above.unshift(at);
  return above.map((each) => opener(each, each.name === '' ? '/' : each.name, open, each === node));
}

function opener(
  node: WeighedNode,
  text: string,
  open: (node: WeighedNode) => void,
  isHere = false,
): HTMLElement {
  if (isHere) return h('span', { 'aria-current': 'location' }, text);
  const button = h('button', { type: 'button', class: 'link' }, text);
  button.addEventListener('click', () => open(node));
  return button;
}

function childTable(node: WeighedNode, open: (node: WeighedNode) => void): HTMLElement {
  const heaviest = Math.max(1, node.children[0]?.bytes ?? 0);
  return pagedTable(
    `What ${node.path} holds`,
    [
      { title: 'Name' },
      { title: 'Size', isNumber: true },
      { title: 'Share', isNumber: true },
      { title: 'Files', isNumber: true },
      { title: 'Mostly of layer' },
    ],
    node.children,
    (child) => [
      child.children.length > 0 ? opener(child, `${child.name}/`, open) : child.name,
      printBytes(child.bytes),
      h(
        'span',
        {},
        share(child, heaviest),
        h('span', { class: 'percent' }, percent(child.bytes, node.bytes)),
      ),
      child.files.toLocaleString('en'),
      h('span', {}, swatch(child.layer), String(child.layer)),
    ],
  );
}

/** A bar as long as the entry is heavy beside the heaviest. */
function share({ bytes, layer }: WeighedNode, heaviest: number): HTMLElement {
  const fill = h('span', {
    class: `fill layer-${layer % layerColors}`,
    style: `width:${((bytes / heaviest) * 100).toFixed(2)}%`,
  });
  return h('span', { class: 'meter share', 'aria-hidden': 'true' }, fill);
}
