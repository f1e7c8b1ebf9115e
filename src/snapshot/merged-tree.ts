/**
 * What overlay would show of some layers, worked out without mounting them: the same whiteouts, opaque
 * directories and merging (kernel documentation, filesystems/overlayfs).
 */
import { type BytePath, parentOf } from '../core/byte-path.ts';
import { emptyTree, type FileStat, type FileTree } from '../core/file-tree.ts';
import { directoryLayer, isWhiteout, type LayerFiles } from './layer-files.ts';

interface Found {
  readonly layer: LayerFiles;
  readonly stat: FileStat;
}

/** The merged view of host directories, topmost first; see `mergedLayers`. */
export function mergedTree(directories: readonly BytePath[]): FileTree {
  return mergedLayers(directories.map(directoryLayer));
}

/**
 * The merged view of layers, topmost first. The tree remembers which layers have a part of which directory,
 * so the layers must not change while it is in use.
 */
export function mergedLayers(layers: readonly LayerFiles[]): FileTree {
  const [top] = layers;
  if (top === undefined) return emptyTree;
  /** The layers a directory is merged from, topmost first; none when it is no directory. */
  const parts = new Map<BytePath, readonly LayerFiles[]>([['', layers]]);

  const partsOf = (directory: BytePath): readonly LayerFiles[] => {
    let known = parts.get(directory);
    if (known === undefined) {
      known = mergeableParts(partsOf(parentOf(directory)), directory);
      parts.set(directory, known);
    }
    return known;
  };

  const find = (path: BytePath): Found | undefined => {
    for (const layer of path === '' ? [top] : partsOf(parentOf(path))) {
      const stat = layer.lstat(path);
      if (stat !== undefined) return isWhiteout(stat) ? undefined : { layer, stat };
    }
    return undefined;
  };

  const locate = (path: BytePath, call: string): LayerFiles => {
    const found = find(path);
    if (found === undefined) throw missing(path, call);
    return found.layer;
  };

  return {
    lstat: (path) => find(path)?.stat,
    list: (path) => {
      const from = partsOf(path);
      if (from.length === 0) throw missing(path, 'scandir');
      return mergedNames(from, path);
    },
    readlink: (path) => locate(path, 'readlink').readlink(path),
    xattrs: (path) => locate(path, 'listxattr').xattrs(path),
    open: (path) => locate(path, 'open').open(path),
  };
}

/** Those of the parent's layers that a directory is merged from: down to what hides the rest. */
function mergeableParts(parents: readonly LayerFiles[], directory: BytePath): LayerFiles[] {
  const merged: LayerFiles[] = [];
  for (const [index, layer] of parents.entries()) {
    const stat = layer.lstat(directory);
    if (stat === undefined) continue;
    if (stat.type !== 'directory') break;
    merged.push(layer);
    if (index < parents.length - 1 && layer.isOpaque(directory)) break;
  }
  return merged;
}

function mergedNames(parts: readonly LayerFiles[], directory: BytePath): BytePath[] {
  const hidden = new Set<BytePath>();
  const names = new Set<BytePath>();
  for (const layer of parts) {
    for (const { name, isWhiteout: isHidden } of layer.names(directory)) {
      if (names.has(name) || hidden.has(name)) continue;
      (isHidden ? hidden : names).add(name);
    }
  }
  return [...names].sort();
}

function missing(path: BytePath, syscall: string): NodeJS.ErrnoException {
  const error = new Error(`ENOENT: no such file or directory, ${syscall} '/${path}'`);
  return Object.assign(error, { code: 'ENOENT', syscall, path });
}
