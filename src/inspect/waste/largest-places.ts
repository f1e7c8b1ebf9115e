import { type BytePath, bytePathToText, compareBytes, joinBytePath } from '../../core/byte-path.ts';
import type { FileSizes, WastePlace } from './waste-item.ts';

const placeLimit = 5;

interface Place {
  readonly path: BytePath;
  readonly children: ReadonlyMap<string, Place>;
  readonly bytes: number;
}

/**
 * Where files are, in a few words: their names as long as they are few, else directories, opened from the largest on
 * until there are as many places as a person reads. Of a directory with too much in it the one part that makes up
 * most of it is told apart. The places' bytes add up to those of the files.
 */
export function largestPlaces(sizes: FileSizes): WastePlace[] {
  let places: readonly Place[] = [treeOf(sizes)];
  for (;;) {
    const room = placeLimit - places.length + 1;
    const opened = [...places].sort(byBytes).flatMap((place) => {
      const parts = openPlace(place, room);
      return parts === undefined ? [] : [{ place, parts }];
    })[0];
    if (opened === undefined) break;
    places = [...places.filter((place) => place !== opened.place), ...opened.parts];
  }
  return [...places].sort(byBytes).map(({ path, bytes }) => ({ path: `/${bytePathToText(path)}`, bytes }));
}

/** What a directory consists of, in `room` places at most; undefined when it is better left whole. */
function openPlace({ path, children, bytes }: Place, room: number): Place[] | undefined {
  const parts = [...children.values()].filter((part) => part.bytes > 0);
  if (parts.length === 0) return undefined;
  const own = bytes - parts.reduce((sum, part) => sum + part.bytes, 0);
  const rest = (left: Place[], sum: number) =>
    sum === 0 ? [] : [{ path, children: new Map(left.map((part) => [part.path, part])), bytes: sum }];
  if (parts.length + (own > 0 ? 1 : 0) <= room) return [...parts, ...rest([], own)];
  const largest = parts.sort(byBytes)[0];
  if (room < 2 || largest === undefined || largest.bytes * 2 < bytes) return undefined;
  return [largest, ...rest(parts.slice(1), bytes - largest.bytes)];
}

function treeOf(sizes: FileSizes): Place {
  interface Growing extends Place {
    readonly children: Map<string, Growing>;
    bytes: number;
  }
  const root: Growing = { path: '', children: new Map(), bytes: 0 };
  for (const [path, bytes] of sizes) {
    let place = root;
    place.bytes += bytes;
    for (const name of path.split('/')) {
      const known = place.children.get(name);
      const child = known ?? { path: joinBytePath(place.path, name), children: new Map(), bytes: 0 };
      if (known === undefined) place.children.set(name, child);
      child.bytes += bytes;
      place = child;
    }
  }
  return root;
}

function byBytes(a: Place, b: Place): number {
  return b.bytes - a.bytes || compareBytes(a.path, b.path);
}
