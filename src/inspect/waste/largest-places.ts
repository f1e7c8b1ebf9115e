import { bytePathToText, compareBytes } from '../../core/byte-path.ts';
import { column } from '../../core/tables/column.ts';
import { type PathId, type PathTable, rootPath } from '../../core/tables/path-table.ts';
import type { WastePlace } from './waste-item.ts';

const placeLimit = 5;

/** A directory with what lies in it, or with some of that. */
interface Place {
  readonly path: PathId;
  /** What lies in it and is told apart; undefined when all is, and only bytes of its own are left. */
  readonly without: readonly PathId[] | undefined;
  readonly bytes: number;
}

/**
 * Where files are, in a few words: their names as long as they are few, else directories, opened from the largest on
 * until there are as many places as a person reads. Of a directory with too much in it the one part that makes up
 * most of it is told apart. The places' bytes add up to those of the files.
 *
 * @param places one may be there several times, for several files
 * @param sizeOf bytes of a place by its index in `places`
 */
export function largestPlaces(
  paths: PathTable,
  places: readonly PathId[],
  sizeOf: (place: PathId, index: number) => number,
): WastePlace[] {
  const tree = sumUp(paths, places, sizeOf);
  const byBytes = (a: Place, b: Place) =>
    b.bytes - a.bytes || compareBytes(paths.textOf(a.path), paths.textOf(b.path));
  let told: readonly Place[] = [{ path: rootPath, without: [], bytes: tree.bytesOf(rootPath) }];
  for (;;) {
    const room = placeLimit - told.length + 1;
    const opened = [...told].sort(byBytes).flatMap((place) => {
      const parts = openPlace(tree, place, room, byBytes);
      return parts === undefined ? [] : [{ place, parts }];
    })[0];
    if (opened === undefined) break;
    told = [...told.filter((place) => place !== opened.place), ...opened.parts];
  }
  return [...told]
    .sort(byBytes)
    .map(({ path, bytes }) => ({ path: `/${bytePathToText(paths.textOf(path))}`, bytes }));
}

type Compare = (a: Place, b: Place) => number;

/** What a directory consists of, in `room` places at most; undefined when it is better left whole. */
function openPlace(tree: Sums, { path, without, bytes }: Place, room: number, compare: Compare) {
  if (without === undefined) return undefined;
  const parts: Place[] = [];
  let count = 0;
  let own = bytes;
  let largest: Place | undefined;
  for (const child of tree.childrenOf(path)) {
    if (without.includes(child)) continue;
    const part: Place = { path: child, without: [], bytes: tree.bytesOf(child) };
    count++;
    own -= part.bytes;
    if (count <= room) parts.push(part);
    if (largest === undefined || compare(part, largest) < 0) largest = part;
  }
  if (largest === undefined) return undefined;
  if (count + (own > 0 ? 1 : 0) <= room)
    return own > 0 ? [...parts, { path, without: undefined, bytes: own }] : parts;
  if (room < 2 || largest.bytes * 2 < bytes) return undefined;
  return [largest, { path, without: [...without, largest.path], bytes: bytes - largest.bytes }];
}

interface Sums {
  /** Of all files beneath a path, with its own. */
  bytesOf(path: PathId): number;
  /** What lies in a directory and has bytes. */
  childrenOf(path: PathId): Generator<PathId, void, undefined>;
}

function sumUp(
  paths: PathTable,
  places: readonly PathId[],
  sizeOf: (place: PathId, index: number) => number,
): Sums {
  const bytes = column(Float64Array);
  const first = column(Uint32Array);
  const next = column(Uint32Array);
  for (const [index, place] of places.entries()) {
    const size = sizeOf(place, index);
    if (size === 0) continue;
    for (let path = place; ; path = paths.parentOf(path)) {
      const known = bytes.get(path);
      bytes.set(path, known + size);
      if (path === rootPath) break;
      if (known > 0) continue;
      const directory = paths.parentOf(path);
      next.set(path, first.get(directory));
      first.set(directory, path);
    }
  }
  return {
    bytesOf: bytes.get,
    *childrenOf(path) {
      for (let child = first.get(path); child !== rootPath; child = next.get(child)) yield child;
    },
  };
}
