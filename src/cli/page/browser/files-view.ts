import type { PageImage } from '../data.ts';
import { h, table } from './element.ts';
import { type WeighedNode, weigh } from './file-tree.ts';
import { drawTreemap, layerColors } from './treemap.ts';
import { countOf, layerName, percent, printBytes } from './words.ts';

const rowsShown = 100;

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
  const drawing = h('div', {});
  const list = h('div', {});
  let root = tree();

  function tree(): WeighedNode {
    const layer = layers.value === '' ? undefined : Number(layers.value);
    return weigh(files, { layer, withHidden: withHidden.checked || layer !== undefined });
  }
  function choose(): void {
    root = tree();
    open(root);
  }
  function open(node: WeighedNode): void {
    trail.replaceChildren(...trailOf(node, open));
    status.textContent = `${printBytes(node.bytes)} in ${countOf(node.files, 'file')} beneath ${node.path}${node.hidden > 0 ? `, ${printBytes(node.hidden)} of it hidden by later layers` : ''}`;
    drawing.replaceChildren(drawTreemap(node, open), legend(node));
    list.replaceChildren(childTable(node, open));
  }
  layers.addEventListener('change', choose);
  withHidden.addEventListener('change', choose);
  open(root);

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
    element: h('div', {}, controls, trail, status, drawing, list),
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
  const rows = node.children
    .slice(0, rowsShown)
    .map((child) => [
      child.children.length > 0 ? opener(child, `${child.name}/`, open) : child.name,
      printBytes(child.bytes),
      percent(child.bytes, node.bytes),
      child.files.toLocaleString('en'),
      h('span', {}, swatch(child.layer), String(child.layer)),
    ]);
  const more = node.children.length - rows.length;
  return h(
    'div',
    {},
    table(
      `What ${node.path} holds`,
      [
        { title: 'Name' },
        { title: 'Size', isNumber: true },
        { title: 'Share', isNumber: true },
        { title: 'Files', isNumber: true },
        { title: 'Mostly of layer' },
      ],
      rows,
    ),
    more > 0
      ? h('p', { class: 'note' }, `and ${countOf(more, 'smaller entry').replace('entrys', 'entries')}`)
      : undefined,
  );
}
