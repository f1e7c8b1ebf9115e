import type { BytePath } from '../core/byte-path.ts';
import { type Aspect, aspectsOf } from './tree/aspects.ts';
import type { LayerFile, LayerTree } from './tree/layer-tree.ts';
import { emptyMergedTree, type MergedTree, type PathChange, type PlacedFile } from './tree/merged-tree.ts';
import { type Efficiency, efficiencyMeter } from './waste/efficiency.ts';

/** What a layer does to a path. */
export interface FileChange {
  readonly kind: 'added' | 'changed' | 'removed';
  readonly path: BytePath;
  readonly before: PlacedFile | undefined;
  readonly after: PlacedFile | undefined;
  /** Of a change; none for a file that was stored again as it was. */
  readonly aspects: readonly Aspect[];
}

export interface FileCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export interface StackedLayer {
  readonly tree: LayerTree;
  /** Directories that were only touched, because something in them changed, are left out. */
  readonly changes: readonly FileChange[];
  /** Of everything but directories. */
  readonly counts: FileCounts;
  /** Content bytes of its files. */
  readonly contentSize: number;
}

export interface Stack {
  readonly layers: readonly StackedLayer[];
  readonly merged: MergedTree;
  readonly efficiency: Efficiency;
}

/** Puts the layers of an image on top of each other, lowest first, and says what each one does. */
export function stackLayers(trees: readonly LayerTree[]): Stack {
  const merged = emptyMergedTree();
  const meter = efficiencyMeter();
  const layers = trees.map((tree): StackedLayer => {
    meter.addLayer(tree, merged);
    const changes = merged.apply(tree).flatMap((change) => classify(change) ?? []);
    return { tree, changes, counts: countFiles(changes), contentSize: contentSize(tree.files) };
  });
  return { layers, merged, efficiency: meter.result() };
}

function classify({ path, before, after }: PathChange): FileChange | undefined {
  if (before === undefined) return { kind: 'added', path, before, after, aspects: [] };
  if (after === undefined) return { kind: 'removed', path, before, after, aspects: [] };
  const aspects = aspectsOf(before.inode, after.inode);
  const isTouched = after.file.type === 'directory' && aspects.every((aspect) => aspect === 'time');
  return isTouched ? undefined : { kind: 'changed', path, before, after, aspects };
}

function countFiles(changes: readonly FileChange[]): FileCounts {
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const { kind, before, after } of changes) {
    const was = before !== undefined && before.file.type !== 'directory';
    const is = after !== undefined && after.file.type !== 'directory';
    // A directory that becomes a file is a file that was added.
    if (kind === 'changed' && was !== is) counts[is ? 'added' : 'removed']++;
    else if (was || is) counts[kind]++;
  }
  return counts;
}

function contentSize(files: readonly LayerFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
