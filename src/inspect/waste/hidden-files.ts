import type { FileChange, Stack } from '../stack-layers.ts';
import { hasSameContent } from '../tree/aspects.ts';
import type { LayerFile } from '../tree/layer-tree.ts';

/** A stored file that nothing in the finished filesystem shows. */
export interface HiddenFile {
  readonly file: LayerFile;
  /** Index of the layer that stores it. */
  readonly layer: number;
  /** Index of the layer that hides it; the same one when its archive holds a name twice. */
  readonly hiddenBy: number;
  /** `copied`: stored again by `hiddenBy` with the same content, be it for another mode or owner or for nothing. */
  readonly how: 'deleted' | 'overwritten' | 'copied';
  readonly change: FileChange | undefined;
}

/**
 * All regular files that are stored in some layer and cannot be seen in the end. The sizes of these and of those
 * that can be seen add up to the sizes of all layers.
 */
export function hiddenFiles({ layers, merged }: Stack): HiddenFile[] {
  const visible = new Set<LayerFile>();
  for (const [, { inode }] of merged.entries()) visible.add(inode);
  const lastChange = new Map<LayerFile, { readonly change: FileChange; readonly layer: number }>();
  for (const [layer, { changes }] of layers.entries()) {
    for (const change of changes)
      if (change.before !== undefined) lastChange.set(change.before.inode, { change, layer });
  }
  return layers.flatMap(({ tree }, layer) =>
    tree.files
      .filter((file) => file.type === 'file' && file.size > 0 && !visible.has(file))
      .map((file) => {
        const last = lastChange.get(file);
        return {
          file,
          layer,
          hiddenBy: last?.layer ?? layer,
          how: last === undefined ? 'overwritten' : howHidden(last.change),
          change: last?.change,
        };
      }),
  );
}

function howHidden({ before, after }: FileChange): HiddenFile['how'] {
  if (before === undefined || after === undefined) return 'deleted';
  return hasSameContent(before.inode, after.inode) ? 'copied' : 'overwritten';
}
