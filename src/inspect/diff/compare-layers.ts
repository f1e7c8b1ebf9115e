import type { DiffID, Digest } from '../../core/digest.ts';
import { type Column, column } from '../../core/tables/column.ts';
import type { PathId } from '../../core/tables/path-table.ts';
import type { LayerReport, LayerSource } from '../report.ts';
import type { Stack } from '../stack-layers.ts';
import { type Aspect, aspectsIn, aspectsOf, noAspects } from '../tree/aspects.ts';
import { type FileTable, noFile } from '../tree/file-table.ts';
import type { LayerTree } from '../tree/layer-tree.ts';

export interface LayerComparison {
  /** Layers of A and of B. */
  readonly countA: number;
  readonly countB: number;
  /** How many from the lowest on are the same by their content. */
  readonly shared: number;
  readonly sharedStored: number;
  readonly sharedContent: number;
  /** Bytes of the other layers, stored. */
  readonly onlyAStored: number;
  readonly onlyBStored: number;
  /** Indexes of shared layers that are compressed to other bytes in B. */
  readonly recompressed: readonly number[];
  readonly parting: Parting | null;
  /** Further layers that are not the same and that one instruction made in both, lowest first. */
  readonly alsoDifferent: readonly Parting[];
}

/** A layer that is not the same. */
export interface Parting {
  readonly index: number;
  readonly a: LayerSide | null;
  readonly b: LayerSide | null;
  /** Members of the two layers compared by path; null where one image has no such layer. */
  readonly members: MemberCounts | null;
}

export interface LayerSide {
  readonly digest: Digest;
  readonly diffID: DiffID | null;
  readonly instruction: string;
  readonly created: string | null;
  readonly source: LayerSource | null;
}

export interface MemberCounts {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** How many of the changed ones differ in what. None at all: the same files, archived in another way. */
  readonly aspects: Readonly<Record<Aspect, number>>;
}

interface Side {
  readonly layers: readonly LayerReport[];
  readonly stack: Stack;
}

/** Compares two stacks of layers, whose files are in one table, from the lowest on. */
export function compareLayers(a: Side, b: Side): LayerComparison {
  const shorter = Math.min(a.layers.length, b.layers.length);
  const longer = Math.max(a.layers.length, b.layers.length);
  let shared = 0;
  while (shared < shorter && isSame(a.layers[shared], b.layers[shared])) shared++;
  const common = a.layers.slice(0, shared);
  return {
    countA: a.layers.length,
    countB: b.layers.length,
    shared,
    sharedStored: sum(common, ({ size }) => size.stored),
    sharedContent: sum(common, ({ size }) => size.content),
    onlyAStored: sum(a.layers.slice(shared), ({ size }) => size.stored),
    onlyBStored: sum(b.layers.slice(shared), ({ size }) => size.stored),
    recompressed: common
      .filter(({ index, digest }) => digest !== b.layers[index]?.digest)
      .map(({ index }) => index),
    parting: shared === longer ? null : describeParting(shared, a, b),
    alsoDifferent: furtherLayers(shared + 1, a, b),
  };
}

function furtherLayers(from: number, a: Side, b: Side): Parting[] {
  return a.layers.slice(from).flatMap((layer) => {
    const other = b.layers[layer.index];
    const isOneStep = layer.instruction !== '' && layer.instruction === other?.instruction;
    return isOneStep && !isSame(layer, other) ? [describeParting(layer.index, a, b)] : [];
  });
}

function isSame(a: LayerReport | undefined, b: LayerReport | undefined): boolean {
  return a !== undefined && a.diffID !== null && a.diffID === b?.diffID;
}

function describeParting(index: number, a: Side, b: Side): Parting {
  const [treeA, treeB] = [a.stack.layers[index]?.tree, b.stack.layers[index]?.tree];
  return {
    index,
    a: sideOf(a.layers[index]),
    b: sideOf(b.layers[index]),
    members: treeA === undefined || treeB === undefined ? null : compareMembers(a.stack.files, treeA, treeB),
  };
}

function sideOf(layer: LayerReport | undefined): LayerSide | null {
  if (layer === undefined) return null;
  const { digest, diffID, instruction, created, source } = layer;
  return { digest, diffID, instruction, created, source };
}

function compareMembers(files: FileTable, a: LayerTree, b: LayerTree): MemberCounts {
  const aspects: Record<Aspect, number> = { type: 0, content: 0, mode: 0, owner: 0, time: 0, xattr: 0 };
  const [before, after] = [membersOf(files, a), membersOf(files, b)];
  const deletions = [compareLists(a.deleted, b.deleted), compareLists(a.opaque, b.opaque)];
  let added = deletions.reduce((count, each) => count + each.added, 0);
  let removed = deletions.reduce((count, each) => count + each.removed, 0);
  let changed = 0;
  for (let file = a.start; file < a.end; file++) {
    const path = files.pathOf(file);
    if (before.get(path) !== file) continue;
    const other = after.get(path);
    const found = other === noFile ? noAspects : aspectsOf(files, file, other);
    if (other === noFile) removed++;
    if (found !== noAspects) changed++;
    for (const aspect of aspectsIn(found)) aspects[aspect]++;
  }
  for (let file = b.start; file < b.end; file++) {
    const path = files.pathOf(file);
    if (after.get(path) === file && before.get(path) === noFile) added++;
  }
  return { added, removed, changed, aspects };
}

/** The last file of each path. */
function membersOf(files: FileTable, { start, end }: LayerTree): Column {
  const members = column(Uint32Array);
  for (let file = start; file < end; file++) members.set(files.pathOf(file), file);
  return members;
}

function compareLists(a: readonly PathId[], b: readonly PathId[]): Pick<MemberCounts, 'added' | 'removed'> {
  const [before, after] = [new Set(a), new Set(b)];
  return {
    added: b.filter((path) => !before.has(path)).length,
    removed: a.filter((path) => !after.has(path)).length,
  };
}

function sum(layers: readonly LayerReport[], pick: (layer: LayerReport) => number): number {
  return layers.reduce((total, layer) => total + pick(layer), 0);
}
