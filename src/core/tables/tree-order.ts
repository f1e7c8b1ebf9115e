import type { NameTable } from './name-table.ts';

/** The number that stands for what no name does: the root. */
const root = 0;

/**
 * The names of a table as a tree, in which a name is in what its scope stands for: every number, that of a
 * directory followed by what lies in it, names in the order of their bytes.
 */
export function treeOrder(names: NameTable): Uint32Array {
  const count = names.count + 1;
  const { starts, children } = sortChildren(names);
  const sizes = countBelow(names);
  const places = new Uint32Array(count);
  const order = new Uint32Array(count);
  for (let path = root; path < count; path++) {
    let place = places[path] ?? 0;
    order[place++] = path;
    for (const child of children.subarray(starts[path], starts[path + 1])) {
      places[child] = place;
      place += sizes[child] ?? 0;
    }
  }
  return order;
}

/** How many there are in each directory, with itself. What lies in a directory has a higher number. */
function countBelow(names: NameTable): Uint32Array {
  const sizes = new Uint32Array(names.count + 1).fill(1);
  for (let path = names.count; path > root; path--) {
    const above = names.scopeOf(path);
    sizes[above] = (sizes[above] ?? 0) + (sizes[path] ?? 0);
  }
  return sizes;
}

/** What lies in each directory, by name: that of `path` is from `starts[path]` on. */
function sortChildren(names: NameTable): { readonly starts: Uint32Array; readonly children: Uint32Array } {
  const count = names.count + 1;
  const starts = new Uint32Array(count + 1);
  for (let path = 1; path < count; path++) {
    const next = names.scopeOf(path) + 1;
    starts[next] = (starts[next] ?? 0) + 1;
  }
  for (let path = 1; path <= count; path++) starts[path] = (starts[path] ?? 0) + (starts[path - 1] ?? 0);
  const children = new Uint32Array(count - 1);
  const ends = starts.slice();
  for (let path = 1; path < count; path++) {
    const above = names.scopeOf(path);
    const place = ends[above] ?? 0;
    children[place] = path;
    ends[above] = place + 1;
  }
  for (let path = root; path < count; path++) {
    const [from = 0, to = 0] = [starts[path], starts[path + 1]];
    if (to - from > 1) children.subarray(from, to).sort(names.compare);
  }
  return { starts, children };
}
