import type { BytePath } from '../../core/byte-path.ts';
import type { DiffID, Digest } from '../../core/digest.ts';
import type { LayerReport, LayerSource } from '../report.ts';
import type { StackedLayer } from '../stack-layers.ts';
import { type Aspect, aspectsOf } from '../tree/aspects.ts';
import type { LayerFile, LayerTree } from '../tree/layer-tree.ts';

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
  readonly stacked: readonly StackedLayer[];
}

/** Compares two stacks of layers from the lowest on. */
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
  const trees = [a.stacked[index]?.tree, b.stacked[index]?.tree] as const;
  return {
    index,
    a: sideOf(a.layers[index]),
    b: sideOf(b.layers[index]),
    members: trees[0] === undefined || trees[1] === undefined ? null : compareMembers(trees[0], trees[1]),
  };
}

function sideOf(layer: LayerReport | undefined): LayerSide | null {
  if (layer === undefined) return null;
  const { digest, diffID, instruction, created, source } = layer;
  return { digest, diffID, instruction, created, source };
}

function compareMembers(a: LayerTree, b: LayerTree): MemberCounts {
  const counts = { added: 0, removed: 0, changed: 0 };
  const aspects: Record<Aspect, number> = { type: 0, content: 0, mode: 0, owner: 0, time: 0, xattr: 0 };
  const [before, after] = [membersOf(a), membersOf(b)];
  for (const [path, file] of before) {
    const other = after.get(path);
    if (other === undefined) {
      counts.removed++;
      continue;
    }
    const found = file === 'deletion' || other === 'deletion' ? [] : aspectsOf(file, other);
    if (found.length > 0) counts.changed++;
    for (const aspect of found) aspects[aspect]++;
  }
  for (const path of after.keys()) if (!before.has(path)) counts.added++;
  return { ...counts, aspects };
}

/** By names that tell a deletion from a file. */
function membersOf({ files, deleted, opaque }: LayerTree): Map<BytePath, LayerFile | 'deletion'> {
  const deletions = [...deleted.map((path) => `-${path}`), ...opaque.map((path) => `-${path}/`)];
  return new Map<BytePath, LayerFile | 'deletion'>([
    ...files.map((file): [BytePath, LayerFile] => [`+${file.path}`, file]),
    ...deletions.map((name): [BytePath, 'deletion'] => [name, 'deletion']),
  ]);
}

function sum(layers: readonly LayerReport[], pick: (layer: LayerReport) => number): number {
  return layers.reduce((total, layer) => total + pick(layer), 0);
}
