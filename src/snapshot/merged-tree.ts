/**
 * What overlay would show of some layers, worked out from their directories without mounting them: the
 * same whiteouts, opaque directories and merging (kernel documentation, filesystems/overlayfs).
 */
import { constants, type Dirent, openSync, readdirSync, readlinkSync } from 'node:fs';
import { type BytePath, baseName, bytePathToFs, joinBytePath, parentOf } from '../core/byte-path.ts';
import { emptyTree, type FileStat, type FileTree } from '../core/file-tree.ts';
import { statFile } from '../sys/stat.ts';
import { readXattrs } from '../sys/xattr.ts';
import { isOpaque } from './layers.ts';

/** A directory of one layer, by its path on the host. */
type LayerDirectory = BytePath;

interface Found {
  readonly host: BytePath;
  readonly stat: FileStat;
}

/**
 * The merged view of layers given as host directories, topmost first. The tree remembers which layers
 * have a part of which directory, so the layers must not change while it is in use.
 */
export function mergedTree(layers: readonly LayerDirectory[]): FileTree {
  const [top] = layers;
  if (top === undefined) return emptyTree;
  /** The parts a directory is merged from, topmost first; empty when it is no directory. */
  const parts = new Map<BytePath, readonly LayerDirectory[]>([['', layers]]);

  const partsOf = (directory: BytePath): readonly LayerDirectory[] => {
    let known = parts.get(directory);
    if (known === undefined) {
      known = mergeableParts(partsOf(parentOf(directory)), baseName(directory));
      parts.set(directory, known);
    }
    return known;
  };

  const find = (path: BytePath): Found | undefined => {
    if (path === '') return foundAt(top);
    const name = baseName(path);
    for (const part of partsOf(parentOf(path))) {
      const found = foundAt(joinBytePath(part, name));
      if (found !== undefined) return isWhiteout(found.stat) ? undefined : found;
    }
    return undefined;
  };

  const locate = (path: BytePath, call: string): BytePath => {
    const host = find(path)?.host;
    if (host === undefined) throw missing(path, call);
    return host;
  };

  return {
    lstat: (path) => find(path)?.stat,
    list: (path) => {
      const from = partsOf(path);
      if (from.length === 0) throw missing(path, 'scandir');
      return mergedNames(from);
    },
    readlink: (path) => readlinkSync(bytePathToFs(locate(path, 'readlink')), 'latin1'),
    xattrs: (path) => readXattrs(locate(path, 'listxattr')).filter(({ name }) => !isOverlayXattr(name)),
    open: (path) => openSync(bytePathToFs(locate(path, 'open')), constants.O_RDONLY | constants.O_NOFOLLOW),
  };
}

/** The parts of directory `name` in the parts of its parent: down to what hides the rest. */
function mergeableParts(parents: readonly LayerDirectory[], name: BytePath): LayerDirectory[] {
  const merged: LayerDirectory[] = [];
  for (const [index, parent] of parents.entries()) {
    const found = foundAt(joinBytePath(parent, name));
    if (found === undefined) continue;
    if (found.stat.type !== 'directory') break;
    merged.push(found.host);
    if (index < parents.length - 1 && isOpaque(found.host)) break;
  }
  return merged;
}

function mergedNames(parts: readonly LayerDirectory[]): BytePath[] {
  const hidden = new Set<BytePath>();
  const names = new Set<BytePath>();
  for (const part of parts) {
    for (const entry of entriesOf(part)) {
      const name = entry.name;
      if (names.has(name) || hidden.has(name)) continue;
      const isHidden = entry.isCharacterDevice() && isWhiteout(statFile(joinBytePath(part, name)));
      (isHidden ? hidden : names).add(name);
    }
  }
  return [...names].sort();
}

function entriesOf(directory: LayerDirectory): Dirent[] {
  // The type says utf8 only; any encoding of names works.
  return readdirSync(bytePathToFs(directory), { withFileTypes: true, encoding: 'latin1' as 'utf8' });
}

function foundAt(host: BytePath): Found | undefined {
  const stat = statFile(host);
  return stat === undefined ? undefined : { host, stat };
}

function isWhiteout(stat: FileStat | undefined): boolean {
  return stat?.type === 'char' && stat.devMajor === 0 && stat.devMinor === 0;
}

function isOverlayXattr(name: string): boolean {
  return name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.');
}

function missing(path: BytePath, syscall: string): NodeJS.ErrnoException {
  const error = new Error(`ENOENT: no such file or directory, ${syscall} '/${path}'`);
  return Object.assign(error, { code: 'ENOENT', syscall, path });
}
