import { type HierarchyRectangularNode, hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import { svg } from './element.ts';
import type { WeighedNode } from './file-tree.ts';
import { countOf, printBytes } from './words.ts';

const deepest = 4;
/** Colours in page.css; layers beyond them begin again. */
export const layerColors = 10;
/** Smaller tiles are drawn as one. */
const leastArea = 60;
const headHeight = 18;

/** What is drawn: a node of the tree, or all that is too small to tell apart. */
interface Tile {
  readonly node: WeighedNode | undefined;
  readonly bytes: number;
  readonly children: readonly Tile[];
}

/**
 * The directory's content as tiles, coloured by the layer that has most of it.
 * @param width pixels there are
 */
export function drawTreemap(
  root: WeighedNode,
  width: number,
  onOpen: (node: WeighedNode) => void,
): SVGElement {
  const height = Math.round(Math.min(540, Math.max(300, width / 2)));
  const label = `Sizes beneath ${root.path}: ${printBytes(root.bytes)} in ${countOf(root.files, 'file')}. The table has the same.`;
  const drawing = svg('svg', {
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': label,
    class: 'treemap',
  });
  const scale = (width * height) / Math.max(1, root.bytes);
  const tiles = hierarchy<Tile>(prune(root, scale, 0))
    .sum((tile) => (tile.children.length === 0 ? tile.bytes : 0))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const layout = treemap<Tile>()
    .tile(treemapSquarify)
    .size([width, height])
    .paddingOuter(2)
    .paddingInner(1)
    .paddingTop((tile) => (tile.depth > 0 && hasHead(tile) ? headHeight : 2));
  for (const tile of layout(tiles).descendants()) {
    if (tile.depth > 0 && tile.x1 - tile.x0 > 0.5 && tile.y1 - tile.y0 > 0.5)
      drawing.append(drawTile(tile, onOpen));
  }
  return drawing;
}

function prune(node: WeighedNode, scale: number, depth: number): Tile {
  if (depth === deepest) return { node, bytes: node.bytes, children: [] };
  const large = node.children.filter((child) => child.bytes * scale >= leastArea);
  const children = large.map((child) => prune(child, scale, depth + 1));
  const rest = node.bytes - large.reduce((sum, child) => sum + child.bytes, 0);
  if (children.length > 0 && rest > 0) children.push({ node: undefined, bytes: rest, children: [] });
  return { node, bytes: node.bytes, children };
}

function hasHead(tile: HierarchyRectangularNode<Tile>): boolean {
  return (tile.children?.length ?? 0) > 0 && tile.y1 - tile.y0 > 2 * headHeight && tile.x1 - tile.x0 > 50;
}

function drawTile(tile: HierarchyRectangularNode<Tile>, onOpen: (node: WeighedNode) => void): SVGElement {
  const { node } = tile.data;
  const [w, t] = [tile.x1 - tile.x0, tile.y1 - tile.y0];
  const isBranch = (tile.children?.length ?? 0) > 0;
  const place = { x: tile.x0, y: tile.y0, width: w, height: t };
  const color = node === undefined ? 'rest' : `layer-${node.layer % layerColors}`;
  const group = svg('g', { class: isBranch ? 'branch' : 'leaf' });
  group.append(svg('rect', { ...place, class: color }));
  if (node !== undefined && node.hidden > 0 && !isBranch) {
    group.append(
      svg('rect', { ...place, width: w * (node.hidden / Math.max(1, node.bytes)), class: 'hidden-part' }),
    );
  }
  const name = node === undefined ? 'smaller ones' : node.name;
  const fits = Math.floor((w - 8) / 7);
  if (fits >= 3 && t >= 14) {
    const text = name.length > fits ? `${name.slice(0, fits - 1)}…` : name;
    group.append(svg('text', { x: tile.x0 + 4, y: tile.y0 + 13 }, text));
  }
  group.append(svg('title', {}, titleOf(tile.data)));
  if (node !== undefined && node.children.length > 0) {
    group.classList.add('opens');
    group.addEventListener('click', (event) => {
      event.stopPropagation();
      onOpen(node);
    });
  }
  return group;
}

function titleOf({ node, bytes }: Tile): string {
  if (node === undefined) return `smaller ones\n${printBytes(bytes)}`;
  const hidden = node.hidden === 0 ? '' : `, ${printBytes(node.hidden)} of it hidden by later layers`;
  return `${node.path}\n${printBytes(bytes)}, ${countOf(node.files, 'file')}, layer ${node.layer}${hidden}`;
}
