import type { FileColumns } from '../data.ts';

/** A file or directory with what it weighs; children are sorted, the heaviest first. */
export interface WeighedNode {
  readonly name: string;
  readonly path: string;
  readonly parent: WeighedNode | undefined;
  readonly children: WeighedNode[];
  /** Bytes of its own and of all beneath it. */
  bytes: number;
  /** Files beneath it, itself included. */
  files: number;
  /** The layer that has most of its bytes. */
  layer: number;
  /** Of `bytes`, what later layers hide. */
  hidden: number;
}

/** Which of the members are weighed. */
export interface Choice {
  /** One layer, or all of them. */
  readonly layer: number | undefined;
  /** Also what later layers hide. */
  readonly withHidden: boolean;
}

/** Full paths of all nodes; the first is the root. */
export function pathsOf({ names, parents }: FileColumns): string[] {
  const paths: string[] = [];
  for (const [index, name] of names.entries()) {
    const parent = paths[parents[index] ?? -1];
    paths.push(parent === undefined ? '/' : `${parent === '/' ? '' : parent}/${name}`);
  }
  return paths;
}

/** Weighs the chosen files and what they lie in. */
export function weigh(files: FileColumns, choice: Choice): WeighedNode {
  const nodes: WeighedNode[] = [];
  for (const [index, path] of pathsOf(files).entries()) {
    const parent = nodes[files.parents[index] ?? -1];
    nodes.push({
      name: files.names[index] ?? '',
      path,
      parent,
      children: [],
      bytes: 0,
      files: 0,
      layer: 0,
      hidden: 0,
    });
  }
  const heaviest = nodes.map(() => 0);
  for (const [row, node] of files.node.entries()) {
    const at = nodes[node];
    const layer = files.layer[row] ?? 0;
    const isHidden = (files.hiddenBy[row] ?? -1) >= 0;
    const isChosen =
      (choice.layer === undefined || choice.layer === layer) && (choice.withHidden || !isHidden);
    if (at === undefined || !isChosen || files.change[row] === '-' || files.type[row] === 'd') continue;
    const bytes = files.size[row] ?? 0;
    at.bytes += bytes;
    at.files++;
    if (isHidden) at.hidden += bytes;
    if (bytes >= (heaviest[node] ?? 0)) {
      heaviest[node] = bytes;
      at.layer = layer;
    }
  }
  // Parents come before their children: from the end on, every node is whole before it is added to its parent.
  const byLayer = nodes.map(() => new Map<number, number>());
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    const parent = node?.parent;
    if (node === undefined || node.files === 0) continue;
    const own = byLayer[index] ?? new Map();
    if (own.size > 0) node.layer = [...own].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
    node.children.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
    if (parent === undefined) continue;
    parent.bytes += node.bytes;
    parent.files += node.files;
    parent.hidden += node.hidden;
    parent.children.push(node);
    const above = byLayer[files.parents[index] ?? 0];
    above?.set(node.layer, (above.get(node.layer) ?? 0) + node.bytes);
  }
  const [root] = nodes;
  if (root === undefined) throw new Error('a tree has a root');
  return root;
}
