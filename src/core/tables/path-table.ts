import { type BytePath, parentOf } from '../byte-path.ts';
import { IntegrityError } from '../errors.ts';
import { nameTable } from './name-table.ts';
import { treeOrder } from './tree-order.ts';

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

  return {
    get count() {
      return names.count + 1;
    },
    add,
    find,
    parentOf: (path) => names.scopeOf(path),
    textOf,
    inTreeOrder: () => treeOrder(names),
  };
}

function nameIn(text: BytePath, directory: BytePath): string {
  return directory === '' ? text : text.slice(directory.length + 1);
}
