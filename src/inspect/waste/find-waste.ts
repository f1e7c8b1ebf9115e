import { type BytePath, parentOf } from '../../core/byte-path.ts';
import type { Stack } from '../stack-layers.ts';
import type { Aspect } from '../tree/aspects.ts';
import type { LayerTree } from '../tree/layer-tree.ts';
import { findDuplicates } from './find-duplicates.ts';
import { findLeftBehind } from './find-left-behind.ts';
import { type HiddenFile, hiddenFiles } from './hidden-files.ts';
import { largestPlaces } from './largest-places.ts';
import { findLeftBehindKind, type LeftBehind } from './left-behind.ts';
import { adviseCopied, adviseDeleted, adviseOverwritten, type LayerMaker } from './suggest.ts';
import type { WasteItem } from './waste-item.ts';

export interface WasteReport {
  /** Of stored files that cannot be seen in the finished filesystem. */
  readonly hiddenBytes: number;
  readonly hiddenFiles: number;
  /** Hidden bytes by the layer that stores them. */
  readonly hiddenByLayer: readonly number[];
  /** Most bytes first. Duplicates and what is left behind are visible, and may overlap. */
  readonly items: readonly WasteItem[];
}

/** Finds bytes that need not be in an image, each with the layers concerned. @param makers one for each layer */
export function findWaste(stack: Stack, makers: readonly LayerMaker[]): WasteReport {
  const hidden = hiddenFiles(stack);
  const hiddenByLayer = stack.layers.map(() => 0);
  for (const { file, layer } of hidden) hiddenByLayer[layer] = (hiddenByLayer[layer] ?? 0) + file.size;
  const items = [
    ...groupHidden(hidden, stack, makers),
    ...findDuplicates(stack, makers),
    ...findLeftBehind(stack, makers),
  ];
  return {
    hiddenBytes: hidden.reduce((sum, { file }) => sum + file.size, 0),
    hiddenFiles: hidden.length,
    hiddenByLayer,
    items: items.sort((a, b) => b.bytes - a.bytes || a.layer - b.layer || (a.title < b.title ? -1 : 1)),
  };
}

/** One item for all that one layer hides of another in one way. */
function groupHidden(
  hidden: readonly HiddenFile[],
  { layers }: Stack,
  makers: readonly LayerMaker[],
): WasteItem[] {
  const groups = new Map<string, [HiddenFile, ...HiddenFile[]]>();
  for (const each of hidden) {
    const key = `${each.how} ${each.layer} ${each.hiddenBy}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()].map((group) => {
    const [{ how, hiddenBy }] = group;
    const deletions = how === 'deleted' ? deletionFinder(layers[hiddenBy]?.tree) : undefined;
    return describeHidden(group, deletions ?? ((path) => path), makers);
  });
}

const nobody: LayerMaker = { instruction: '', isInBase: false };

function describeHidden(
  group: readonly [HiddenFile, ...HiddenFile[]],
  placeOf: (path: BytePath) => BytePath,
  makers: readonly LayerMaker[],
): WasteItem {
  const [{ how, layer, hiddenBy }] = group;
  const stored = makers[layer] ?? nobody;
  const hider = makers[hiddenBy] ?? nobody;
  const aspects = new Set(group.flatMap(({ change }) => change?.aspects ?? []));
  const sizes = new Map<BytePath, number>();
  for (const { file } of group) {
    const place = placeOf(file.path);
    sizes.set(place, (sizes.get(place) ?? 0) + file.size);
  }
  const advise = {
    deleted: () => adviseDeleted(stored, hider, mostlyOf(group)),
    overwritten: () => adviseOverwritten(stored, hider),
    copied: () => adviseCopied(stored, hider, aspects),
  };
  return {
    kind: how,
    title: titles[how](aspects),
    bytes: group.reduce((sum, { file }) => sum + file.size, 0),
    files: group.length,
    layer,
    otherLayer: hiddenBy,
    places: largestPlaces(sizes),
    isInBase: hider.isInBase,
    suggestion: advise[how](),
  };
}

const titles: Readonly<Record<HiddenFile['how'], (aspects: ReadonlySet<Aspect>) => string>> = {
  deleted: () => 'deleted by a later layer',
  overwritten: () => 'overwritten by a later layer',
  copied: (aspects) => {
    const why = (['mode', 'owner', 'time', 'xattr'] as const).filter((aspect) => aspects.has(aspect));
    return why.length === 0 ? 'stored again as it was' : `stored again for another ${why.join(' and ')}`;
  },
};

/** What more than half of the bytes are, where that is something package managers and the like leave. */
function mostlyOf(group: readonly HiddenFile[]): LeftBehind | undefined {
  const bytes = new Map<LeftBehind, number>();
  let total = 0;
  for (const { file } of group) {
    total += file.size;
    const what = findLeftBehindKind(file.path)?.what;
    if (what !== undefined) bytes.set(what, (bytes.get(what) ?? 0) + file.size);
  }
  for (const [what, sum] of bytes) if (sum * 2 > total) return what;
  return undefined;
}

/** Finds what was taken away with a path: the cache that it is of, or the directory above it whose deletion it was. */
function deletionFinder(tree: LayerTree | undefined): (path: BytePath) => BytePath {
  const names = new Set([...(tree?.deleted ?? []), ...(tree?.opaque ?? [])]);
  return (path) => {
    const kept = findLeftBehindKind(path);
    if (kept !== undefined) return kept.place;
    for (let at = path; at !== ''; at = parentOf(at)) if (names.has(at)) return at;
    return path;
  };
}
