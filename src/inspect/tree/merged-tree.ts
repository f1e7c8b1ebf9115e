import { type BytePath, baseName, cleanBeneath, joinBytePath, parentOf } from '../../core/byte-path.ts';
import { IntegrityError } from '../../core/errors.ts';
import { hasSameContent } from './aspects.ts';
import type { LayerFile, LayerTree } from './layer-tree.ts';

/** A file in the flattened filesystem, and the layer it comes from. */
export interface PlacedFile {
  readonly file: LayerFile;
  /** Whose content and attributes it has: of a hard link, the file it repeats. */
  readonly inode: LayerFile;
  /** Index of the layer, the lowest is 0. */
  readonly layer: number;
  /** Index of the layer that brought this content to this path: a lower one when the file was only stored again. */
  readonly origin: number;
}

/** What a layer does to one path. Both are there for a change, one for an addition or a removal. */
export interface PathChange {
  readonly path: BytePath;
  readonly before: PlacedFile | undefined;
  readonly after: PlacedFile | undefined;
}

/** The filesystem of all layers so far; paths are clean, '' is the root. */
export interface MergedTree {
  get(path: BytePath): PlacedFile | undefined;
  /** All paths with their files, in no order. */
  entries(): IterableIterator<[BytePath, PlacedFile]>;
  /** The path itself and everything beneath it. */
  subtree(path: BytePath): Generator<PlacedFile, void, undefined>;
  /**
   * Puts a layer on top as overlay does (image-spec, layer.md, "Applying Changesets"): its deletions concern the
   * layers below only, a file replaces a directory with all in it, a directory keeps what lies in it, and a link
   * that stands where a directory is needed gives way to one.
   * @returns every path that the layer names or removes
   * @throws IntegrityError `image-too-many-files`
   */
  apply(layer: LayerTree): PathChange[];
}

/** Directories need not be named to be there: a few long names can stand for many. */
const fileLimit = 2_000_000;

/** The filesystem before the first layer. */
export function emptyMergedTree(): MergedTree {
  const files = new Map<BytePath, PlacedFile>();
  const children = new Map<BytePath, Set<BytePath>>();
  let layerCount = 0;

  function put(path: BytePath, placed: PlacedFile): void {
    files.set(path, placed);
    if (files.size > fileLimit) {
      throw new IntegrityError('image-too-many-files', `the image has more than ${fileLimit} files`, {
        hint: 'it may be made to do harm: do not unpack it',
      });
    }
    if (path === '') return;
    const parent = parentOf(path);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, new Set([baseName(path)]));
    else siblings.add(baseName(path));
  }

  function* pathsBelow(path: BytePath): Generator<BytePath, void, undefined> {
    for (const name of children.get(path) ?? []) {
      const child = joinBytePath(path, name);
      yield child;
      yield* pathsBelow(child);
    }
  }

  /** Forgets what lies beneath a path; `gone` is told first. */
  function clear(path: BytePath, gone: (path: BytePath) => void): void {
    for (const each of [...pathsBelow(path)]) {
      gone(each);
      files.delete(each);
      children.delete(each);
    }
    children.delete(path);
  }

  function apply(layer: LayerTree): PathChange[] {
    const index = layerCount++;
    const before = new Map<BytePath, PlacedFile | undefined>();
    const remember = (path: BytePath) => {
      if (!before.has(path)) before.set(path, files.get(path));
    };
    const place = (path: BytePath, file: LayerFile) => {
      const at = files.get(path);
      remember(path);
      if (at !== undefined && file.type !== 'directory') clear(path, remember);
      const inode = inodeOf(file, files);
      const origin = at !== undefined && hasSameContent(at.inode, inode) ? at.origin : index;
      put(path, { file, inode, layer: index, origin });
    };
    for (const path of layer.opaque) clear(path, remember);
    for (const path of layer.deleted) {
      if (path === '') continue;
      remember(path);
      clear(path, remember);
      files.delete(path);
      children.get(parentOf(path))?.delete(baseName(path));
    }
    for (const file of layer.files) {
      for (const parent of parentsOf(file.path)) {
        if (files.get(parent)?.inode.type !== 'directory') place(parent, impliedDirectory(parent));
      }
      place(file.path, file);
    }
    const changes: PathChange[] = [];
    for (const [path, was] of before) {
      const after = files.get(path);
      if (was !== undefined || after !== undefined) changes.push({ path, before: was, after });
    }
    return changes;
  }

  return {
    get: (path) => files.get(path),
    entries: () => files.entries(),
    *subtree(path) {
      for (const each of [path, ...pathsBelow(path)]) {
        const placed = files.get(each);
        if (placed !== undefined) yield placed;
      }
    },
    apply,
  };
}

function inodeOf(file: LayerFile, files: ReadonlyMap<BytePath, PlacedFile>): LayerFile {
  if (file.type !== 'hardlink') return file;
  return files.get(cleanBeneath(file.link))?.inode ?? file;
}

/** All directories above a path but the root, the outermost first. */
function* parentsOf(path: BytePath): Generator<BytePath, void, undefined> {
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) yield path.slice(0, at);
}

function impliedDirectory(path: BytePath): LayerFile {
  return {
    path,
    type: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    link: '',
    devMajor: 0,
    devMinor: 0,
    xattrs: [],
    isImplied: true,
  };
}
