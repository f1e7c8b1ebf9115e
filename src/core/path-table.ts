import { type BytePath, parentOf } from './byte-path.ts';
import { IntegrityError } from './errors.ts';
import { nameTable } from './name-table.ts';

/** A path of a {@link PathTable}. */
export type PathId = number;

/** The directory that all others are in. */
export const rootPath: PathId = 0;

/** Clean relative paths as numbers, '' as 0. A directory has a lower number than what lies in it. */
export interface PathTable {
  /** How many there are with the root: all are below it. */
  readonly count: number;
  /** The number of a path, which is added with the directories above it. @throws IntegrityError `image-too-many-files` */
  add(path: BytePath): PathId;
  /** Undefined for a path that was not added. */
  find(path: BytePath): PathId | undefined;
  /** The directory that it is in; the root is in itself. */
  parentOf(path: PathId): PathId;
  textOf(path: PathId): BytePath;
  /** All of them, each directory followed by what lies in it, and names in the order of their bytes. */
  inTreeOrder(): Uint32Array;
}

/** For two images of the largest size. Directories need not be named: a few long names can stand for many paths. */
const pathLimit = 3_000_000;

/** A table that knows the root only. */
export function pathTable(limit = pathLimit): PathTable {
  const names = nameTable();
  /** Members of an archive follow each other in one directory, mostly. */
  let recent: { readonly text: BytePath; readonly path: PathId } = { text: '', path: rootPath };

  function addName(directory: PathId, name: string): PathId {
    const path = names.add(directory, name);
    if (path < limit) return path;
    throw new IntegrityError('image-too-many-files', `it has more than ${limit} paths`, {
      hint: 'it may be made to do harm: do not unpack it',
    });
  }

  function add(text: BytePath): PathId {
    if (text === '') return rootPath;
    const above = parentOf(text);
    if (above !== recent.text) recent = { text: above, path: addAll(above) };
    return addName(recent.path, nameIn(text, above));
  }

  function addAll(text: BytePath): PathId {
    if (text === '') return rootPath;
    return text.split('/').reduce(addName, rootPath);
  }

  function find(text: BytePath): PathId | undefined {
    if (text === '') return rootPath;
    let path = rootPath;
    for (const name of text.split('/')) {
      path = names.find(path, name);
      if (path === 0) return undefined;
    }
    return path;
  }

  function textOf(path: PathId): BytePath {
    const parts: string[] = [];
    for (let at = path; at !== rootPath; at = names.scopeOf(at)) parts.push(names.textOf(at));
    return parts.reverse().join('/');
  }

  function inTreeOrder(): Uint32Array {
    const count = names.count + 1;
    const { starts, children } = sortChildren(count);
    /** How many there are in each directory, with itself; what lies in a directory has higher numbers. */
    const sizes = new Uint32Array(count).fill(1);
    for (let path = count - 1; path > rootPath; path--) {
      const above = names.scopeOf(path);
      sizes[above] = (sizes[above] ?? 0) + (sizes[path] ?? 0);
    }
    const places = new Uint32Array(count);
    const order = new Uint32Array(count);
    for (let path = rootPath; path < count; path++) {
      let place = places[path] ?? 0;
      order[place++] = path;
      for (const child of children.subarray(starts[path], starts[path + 1])) {
        places[child] = place;
        place += sizes[child] ?? 0;
      }
    }
    return order;
  }

  /** What lies in each directory, by name: that of `path` is from `starts[path]` on. */
  function sortChildren(count: number): { readonly starts: Uint32Array; readonly children: Uint32Array } {
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
    for (let path = rootPath; path < count; path++) {
      const [from = 0, to = 0] = [starts[path], starts[path + 1]];
      if (to - from > 1) children.subarray(from, to).sort(names.compare);
    }
    return { starts, children };
  }

  return {
    get count() {
      return names.count + 1;
    },
    add,
    find,
    parentOf: (path) => names.scopeOf(path),
    textOf,
    inTreeOrder,
  };
}

function nameIn(text: BytePath, directory: BytePath): string {
  return directory === '' ? text : text.slice(directory.length + 1);
}
