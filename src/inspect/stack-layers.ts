import { type Column, column } from '../core/tables/column.ts';
import type { ImageContents } from './contents.ts';
import { type AspectSet, aspectSet, aspectsOf, noAspects } from './tree/aspects.ts';
import { type FileId, type FileTable, noFile } from './tree/file-table.ts';
import { contentSize, type LayerTree } from './tree/layer-tree.ts';
import { emptyMergedTree, type MergedTree } from './tree/merged-tree.ts';
import { type Efficiency, efficiencyMeter } from './waste/efficiency.ts';

/** What a layer does to a path. */
export interface FileChange {
  readonly kind: 'added' | 'changed' | 'removed';
  /** Of a change; none for a file that was stored again as it was. */
  readonly aspects: AspectSet;
}

export interface FileCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export interface StackedLayer {
  readonly tree: LayerTree;
  /** The numbers behind those of the tree's files: directories that it needs and nobody named. */
  readonly implied: { readonly start: FileId; readonly end: FileId };
  /** Files of layers below that are there no longer, and nothing in their place. */
  readonly removed: readonly FileId[];
  /** Of everything but directories. */
  readonly counts: FileCounts;
  /** Content bytes of its files. */
  readonly contentSize: number;
}

export interface Stack {
  readonly files: FileTable;
  readonly layers: readonly StackedLayer[];
  readonly merged: MergedTree;
  readonly efficiency: Efficiency;
  /**
   * What its layer did by a file; undefined for a directory that it only touched, because something in it changed,
   * and for what the layer itself has replaced.
   */
  changeBy(file: FileId): FileChange | undefined;
  /** What was done last to a file that was there; undefined when nothing was. */
  changeOf(file: FileId): HidingChange | undefined;
  /** Whether the finished filesystem shows a file, be it by a hard link. */
  isVisible(file: FileId): boolean;
}

/** What a layer did to a file of one below it. */
export interface HidingChange extends FileChange {
  /** Index of that layer. */
  readonly layer: number;
}

/** Puts the layers of an image on top of each other, lowest first, and says what each one does. */
export function stackLayers({ files, layers: trees }: Pick<ImageContents, 'files' | 'layers'>): Stack {
  const merged = emptyMergedTree(files);
  const meter = efficiencyMeter(files);
  const changesBy = changeColumn();
  const changesOf = changeColumn();
  const hiders = column(Uint32Array);
  const layers = trees.map((tree, index): StackedLayer => {
    meter.addLayer(tree, merged);
    const removed: FileId[] = [];
    const counts = { added: 0, changed: 0, removed: 0 };
    const start = files.count + 1;
    merged.apply(tree, (_path, before, after) => {
      const change = classify(files, merged, before, after);
      if (change === undefined) return;
      countChange(counts, change, files, before, after);
      if (after === noFile) removed.push(before);
      else changesBy.set(after, change);
      if (before === noFile) return;
      for (const file of [before, merged.inodeOf(before)]) {
        changesOf.set(file, change);
        hiders.set(file, index);
      }
    });
    const implied = { start, end: files.count + 1 };
    return { tree, implied, removed, counts, contentSize: contentSize(files, tree) };
  });
  const visible = visibleFiles(merged);
  return {
    files,
    layers,
    merged,
    efficiency: meter.result(),
    changeBy: changesBy.get,
    changeOf(file) {
      const change = changesOf.get(file);
      return change === undefined ? undefined : { ...change, layer: hiders.get(file) };
    },
    isVisible: (file) => visible.get(file) === 1,
  };
}

function classify(
  files: FileTable,
  merged: MergedTree,
  before: FileId,
  after: FileId,
): FileChange | undefined {
  if (before === noFile) return { kind: 'added', aspects: noAspects };
  if (after === noFile) return { kind: 'removed', aspects: noAspects };
  const aspects = aspectsOf(files, merged.inodeOf(before), merged.inodeOf(after));
  const isTouched = files.typeOf(after) === 'directory' && (aspects & ~aspectSet('time')) === 0;
  return isTouched ? undefined : { kind: 'changed', aspects };
}

function countChange(
  counts: { added: number; changed: number; removed: number },
  { kind }: FileChange,
  files: FileTable,
  before: FileId,
  after: FileId,
): void {
  const was = before !== noFile && files.typeOf(before) !== 'directory';
  const is = after !== noFile && files.typeOf(after) !== 'directory';
  // A directory that becomes a file is a file that was added.
  if (kind === 'changed' && was !== is) counts[is ? 'added' : 'removed']++;
  else if (was || is) counts[kind]++;
}

const kinds = [undefined, 'added', 'changed', 'removed'] as const;

/** Changes by files, a byte each: two bits of the kind and six of the aspects. */
function changeColumn() {
  const bytes = column(Uint8Array);
  return {
    get(file: FileId): FileChange | undefined {
      const byte = bytes.get(file);
      const kind = kinds[byte & 3];
      return kind === undefined ? undefined : { kind, aspects: byte >> 2 };
    },
    set: (file: FileId, { kind, aspects }: FileChange) =>
      bytes.set(file, kinds.indexOf(kind) | (aspects << 2)),
  };
}

function visibleFiles(merged: MergedTree): Column {
  const visible = column(Uint8Array);
  for (const path of merged.paths()) {
    const file = merged.at(path);
    visible.set(file, 1);
    visible.set(merged.inodeOf(file), 1);
  }
  return visible;
}
