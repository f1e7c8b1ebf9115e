import { cleanBeneath } from '../../core/byte-path.ts';
import { column } from '../../core/tables/column.ts';
import { type PathId, rootPath } from '../../core/tables/path-table.ts';
import { hasSameContent } from './aspects.ts';
import { directoryLinks } from './directory-links.ts';
import { type FileId, type FileTable, noFile } from './file-table.ts';
import type { LayerTree } from './layer-tree.ts';
import { touchedPaths } from './touched-paths.ts';

/** Told of a path that a layer names or removes; a file is `noFile` where there is none. */
export type OnChange = (path: PathId, before: FileId, after: FileId) => void;

/** The filesystem of all layers so far. */
export interface MergedTree {
  /** The file at a path, or `noFile`. */
  at(path: PathId): FileId;
  /** Index of the layer that brought the content of a path: a lower one than its file's when that was only stored again. */
  originOf(path: PathId): number;
  /** Whose content and attributes a file of some layer has: of a hard link, the file it repeats. */
  inodeOf(file: FileId): FileId;
  /** Index of the layer that a file is of; the lowest is 0. */
  layerOf(file: FileId): number;
  /** All paths that have files, in the order in which they were met. */
  paths(): Generator<PathId, void, undefined>;
  /** All that lies beneath a path. */
  below(path: PathId): Generator<PathId, void, undefined>;
  /**
   * Puts a layer on top as overlay does (image-spec, layer.md, "Applying Changesets"): its deletions concern the
   * layers below only, a file replaces a directory with all in it, a directory keeps what lies in it, and a link
   * that stands where a directory is needed gives way to one.
   */
  apply(layer: LayerTree, onChange: OnChange): void;
}

/** The filesystem before the first layer. */
export function emptyMergedTree(files: FileTable): MergedTree {
  const { paths } = files;
  const links = directoryLinks(paths);
  const current = column(Uint32Array);
  const origins = column(Uint32Array);
  const inodes = column(Uint32Array);
  const layers = column(Uint32Array);
  const touched = touchedPaths();
  let layerCount = 0;

  const inodeOf = (file: FileId) => {
    const inode = inodes.get(file);
    return inode === noFile ? file : inode;
  };

  /** What a hard link repeats, as far as it is there. */
  function linkedInode(file: FileId): FileId {
    const target = paths.find(cleanBeneath(files.linkOf(file)));
    const found = target === undefined ? noFile : current.get(target);
    return found === noFile ? file : inodeOf(found);
  }

  function put(path: PathId, file: FileId, origin: number): void {
    if (current.get(path) === noFile) links.add(path);
    current.set(path, file);
    if (origin !== origins.get(path)) origins.set(path, origin);
  }

  const touch = (path: PathId) => touched.add(path, current.get(path));

  /** Forgets what lies beneath a path. */
  function clear(path: PathId): void {
    for (const each of links.removeBelow(path)) {
      touch(each);
      current.set(each, noFile);
    }
  }

  function remove(path: PathId): void {
    if (path === rootPath) return;
    touch(path);
    clear(path);
    if (current.get(path) === noFile) return;
    links.remove(path);
    current.set(path, noFile);
  }

  function place(path: PathId, file: FileId, layer: number): void {
    const at = current.get(path);
    touch(path);
    if (at !== noFile && files.typeOf(file) !== 'directory') clear(path);
    if (layer > 0) layers.set(file, layer);
    const inode = files.typeOf(file) === 'hardlink' ? linkedInode(file) : file;
    if (inode !== file) inodes.set(file, inode);
    const isKept = at !== noFile && hasSameContent(files, inodeOf(at), inode);
    put(path, file, isKept ? origins.get(path) : layer);
  }

  function needDirectory(path: PathId, layer: number): void {
    const at = current.get(path);
    if (at !== noFile && files.typeOf(inodeOf(at)) === 'directory') return;
    if (path === rootPath) return;
    needDirectory(paths.parentOf(path), layer);
    place(path, files.addImplied(path), layer);
  }

  function apply(layer: LayerTree, onChange: OnChange): void {
    const index = layerCount++;
    for (const path of layer.opaque) clear(path);
    for (const path of layer.deleted) remove(path);
    for (let file = layer.start; file < layer.end; file++) {
      const path = files.pathOf(file);
      needDirectory(paths.parentOf(path), index);
      place(path, file, index);
    }
    touched.takeAll((path, before) => {
      const after = current.get(path);
      if (before !== noFile || after !== noFile) onChange(path, before, after);
    });
  }

  return {
    at: (path) => current.get(path),
    originOf: (path) => origins.get(path),
    inodeOf,
    layerOf: (file) => layers.get(file),
    *paths() {
      const { count } = paths;
      for (let path = rootPath; path < count; path++) if (current.get(path) !== noFile) yield path;
    },
    below: links.below,
    apply,
  };
}
