import { baseName, bytePathToText } from '../../core/byte-path.ts';
import { column } from '../../core/tables/column.ts';
import { type PathId, rootPath } from '../../core/tables/path-table.ts';
import type { Stack } from '../../inspect/stack-layers.ts';
import type { FileId } from '../../inspect/tree/file-table.ts';
import { changeSigns, typeLetters } from '../inspect/file-marks.ts';
import type { FileColumns } from './data.ts';

/** Puts what the layers of an image store and remove into columns. */
export function fileColumns({ files, layers, changeBy, changeOf, isVisible }: Stack): FileColumns {
  const { paths } = files;
  const names: string[] = [''];
  const parents: number[] = [-1];
  const nodes = column(Uint32Array);
  const nodeOf = (path: PathId): number => {
    const known = nodes.get(path);
    if (known !== 0 || path === rootPath) return known;
    const parent = nodeOf(paths.parentOf(path));
    nodes.set(path, names.length);
    names.push(bytePathToText(baseName(paths.textOf(path))));
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
  const add = (file: FileId, layer: number, sign: string, hiddenBy: number) => {
    const { mode, uid, gid } = files.columns;
    columns.node.push(nodeOf(files.pathOf(file)));
    columns.layer.push(layer);
    columns.mode.push(mode.get(file));
    columns.owner.push(`${uid.get(file)}:${gid.get(file)}`);
    columns.size.push(sign === '-' ? 0 : files.sizeOf(file));
    columns.hiddenBy.push(hiddenBy);
    type += typeLetters[files.typeOf(file)];
    change += sign;
  };
  for (const [index, { tree, removed }] of layers.entries()) {
    for (let file = tree.start; file < tree.end; file++) {
      const done = changeBy(file);
      const hiddenBy = isVisible(file) ? -1 : (changeOf(file)?.layer ?? index);
      add(file, index, done === undefined ? ' ' : changeSigns[done.kind], hiddenBy);
    }
    for (const file of removed) add(file, index, '-', -1);
  }
  return { names, parents, ...columns, type, change };
}
