import { type BytePath, baseName, bytePathToText, parentOf } from '../../core/byte-path.ts';
import type { FileChange, Stack } from '../../inspect/stack-layers.ts';
import type { LayerFile } from '../../inspect/tree/layer-tree.ts';
import { changeSigns, typeLetters } from '../inspect/file-marks.ts';
import type { FileColumns } from './data.ts';

/** Puts what the layers of an image store and remove into columns. */
export function fileColumns({ layers, merged }: Stack): FileColumns {
  const names: string[] = [''];
  const parents: number[] = [-1];
  const nodes = new Map<BytePath, number>([['', 0]]);
  const nodeOf = (path: BytePath): number => {
    const known = nodes.get(path);
    if (known !== undefined) return known;
    const parent = nodeOf(parentOf(path));
    nodes.set(path, names.length);
    names.push(bytePathToText(baseName(path)));
    parents.push(parent);
    return names.length - 1;
  };
  const columns = {
    node: [] as number[],
    layer: [] as number[],
    mode: [] as number[],
    owner: [] as string[],
    size: [] as number[],
    hiddenBy: [] as number[],
  };
  let type = '';
  let change = '';
  const add = (path: BytePath, file: LayerFile, layer: number, sign: string, hiddenBy: number) => {
    columns.node.push(nodeOf(path));
    columns.layer.push(layer);
    columns.mode.push(file.mode);
    columns.owner.push(`${file.uid}:${file.gid}`);
    columns.size.push(sign === '-' ? 0 : file.size);
    columns.hiddenBy.push(hiddenBy);
    type += typeLetters[file.type];
    change += sign;
  };
  const visible = new Set<LayerFile>();
  for (const [, { file, inode }] of merged.entries()) visible.add(file).add(inode);
  const hiders = findHiders(layers.map(({ changes }) => changes));
  for (const [index, { tree, changes }] of layers.entries()) {
    const kinds = new Map(changes.map(({ path, kind }) => [path, changeSigns[kind]]));
    for (const file of tree.files) {
      const hiddenBy = visible.has(file) ? -1 : (hiders.get(file) ?? index);
      add(file.path, file, index, kinds.get(file.path) ?? ' ', hiddenBy);
    }
    for (const { kind, path, before } of changes) {
      if (kind === 'removed' && before !== undefined) add(path, before.file, index, '-', -1);
    }
  }
  return { names, parents, ...columns, type, change };
}

/** The layer that took each file out of sight. */
function findHiders(changesOfLayers: readonly (readonly FileChange[])[]): Map<LayerFile, number> {
  const hiders = new Map<LayerFile, number>();
  for (const [layer, changes] of changesOfLayers.entries()) {
    for (const { before } of changes)
      if (before !== undefined) hiders.set(before.file, layer).set(before.inode, layer);
  }
  return hiders;
}
