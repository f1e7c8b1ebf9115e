import { type PathId, type PathTable, rootPath } from '../../core/tables/path-table.ts';
import type { Stack } from '../stack-layers.ts';
import { type Aspect, type AspectSet, aspectsIn, noAspects } from '../tree/aspects.ts';
import { type FileId, type FileTable, noFile } from '../tree/file-table.ts';
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

/** What one layer hides of another in one way. */
interface HiddenGroup {
  readonly how: HiddenFile['how'];
  readonly layer: number;
  readonly hiddenBy: number;
  readonly files: FileId[];
  bytes: number;
  aspects: AspectSet;
}

/** Finds bytes that need not be in an image, each with the layers concerned. @param makers one for each layer */
export function findWaste(stack: Stack, makers: readonly LayerMaker[]): WasteReport {
  const groups = groupHidden(stack);
  const hiddenByLayer = stack.layers.map(() => 0);
  for (const { layer, bytes } of groups) hiddenByLayer[layer] = (hiddenByLayer[layer] ?? 0) + bytes;
  const items = [
    ...groups.map((group) => describeHidden(group, stack, makers)),
    ...findDuplicates(stack, makers),
    ...findLeftBehind(stack, makers),
  ];
  return {
    hiddenBytes: groups.reduce((sum, { bytes }) => sum + bytes, 0),
    hiddenFiles: groups.reduce((sum, { files }) => sum + files.length, 0),
    hiddenByLayer,
    items: items.sort((a, b) => b.bytes - a.bytes || a.layer - b.layer || (a.title < b.title ? -1 : 1)),
  };
}

function groupHidden(stack: Stack): HiddenGroup[] {
  const groups = new Map<string, HiddenGroup>();
  for (const { file, layer, hiddenBy, how, aspects } of hiddenFiles(stack)) {
    const key = `${how} ${layer} ${hiddenBy}`;
    const group = groups.get(key) ?? { how, layer, hiddenBy, files: [], bytes: 0, aspects: noAspects };
    groups.set(key, group);
    group.files.push(file);
    group.bytes += stack.files.sizeOf(file);
    group.aspects |= aspects;
  }
  return [...groups.values()];
}

const nobody: LayerMaker = { instruction: '', isInBase: false };

function describeHidden(
  group: HiddenGroup,
  { files, layers }: Stack,
  makers: readonly LayerMaker[],
): WasteItem {
  const { how, layer, hiddenBy } = group;
  const stored = makers[layer] ?? nobody;
  const hider = makers[hiddenBy] ?? nobody;
  const aspects = new Set(aspectsIn(group.aspects));
  const placeOf = how === 'deleted' ? deletionFinder(files.paths, layers[hiddenBy]?.tree) : undefined;
  const places = group.files.map((file) => placeOf?.(files.pathOf(file)) ?? files.pathOf(file));
  const advise = {
    deleted: () => adviseDeleted(stored, hider, mostlyOf(group, files)),
    overwritten: () => adviseOverwritten(stored, hider),
    copied: () => adviseCopied(stored, hider, aspects),
  };
  return {
    kind: how,
    title: titles[how](aspects),
    bytes: group.bytes,
    files: group.files.length,
    layer,
    otherLayer: hiddenBy,
    places: largestPlaces(files.paths, places, (_place, index) => files.sizeOf(group.files[index] ?? noFile)),
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
function mostlyOf({ files: found, bytes: total }: HiddenGroup, files: FileTable): LeftBehind | undefined {
  const bytes = new Map<LeftBehind, number>();
  for (const file of found) {
    const what = findLeftBehindKind(files.paths.textOf(files.pathOf(file)))?.what;
    if (what !== undefined) bytes.set(what, (bytes.get(what) ?? 0) + files.sizeOf(file));
  }
  for (const [what, sum] of bytes) if (sum * 2 > total) return what;
  return undefined;
}

/** Finds what was taken away with a path: the cache that it is of, or the directory above it whose deletion it was. */
function deletionFinder(paths: PathTable, tree: LayerTree | undefined): (path: PathId) => PathId {
  const deleted = new Set([...(tree?.deleted ?? []), ...(tree?.opaque ?? [])]);
  return (path) => {
    const kept = findLeftBehindKind(paths.textOf(path));
    if (kept !== undefined) return paths.find(kept.place) ?? path;
    for (let at = path; at !== rootPath; at = paths.parentOf(at)) if (deleted.has(at)) return at;
    return path;
  };
}
