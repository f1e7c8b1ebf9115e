/**
 * One layer by itself, in overlay's terms, whatever it is read from: the directory of a snapshot, or a
 * listing of a layer whose files nobody has unpacked. Paths are clean and relative to the root.
 */
import { constants, type Dirent, openSync, readdirSync, readlinkSync } from 'node:fs';
import { type BytePath, bytePathToFs, joinBytePath } from '../core/byte-path.ts';
import type { FileStat, Xattr } from '../core/file-tree.ts';
import { readXattrs } from '../sys/xattr.ts';
import { statSnapshotFile } from './device-file.ts';
import { isImageXattr } from './image-xattr.ts';
import { isOpaque } from './layers.ts';

export interface LayerFiles {
  /** What the layer has there, not following symlinks; a whiteout is a character device 0:0. */
  lstat(path: BytePath): FileStat | undefined;
  /** In any order. */
  names(directory: BytePath): readonly LayerName[];
  /** Whether a directory hides what lower layers have of it. */
  isOpaque(directory: BytePath): boolean;
  readlink(path: BytePath): BytePath;
  /** Those that belong to the image: without overlay's, ours, and what the machine says about the file. */
  xattrs(path: BytePath): readonly Xattr[];
  /** Opens a regular file for reading; the caller closes the descriptor. */
  open(path: BytePath): number;
}

export interface LayerName {
  readonly name: BytePath;
  readonly isWhiteout: boolean;
}

/** The directory of a snapshot, or any other. */
export function directoryLayer(root: BytePath): LayerFiles {
  const hostPath = (path: BytePath) => joinBytePath(root, path);
  return {
    lstat: (path) => statSnapshotFile(hostPath(path)),
    names(directory) {
      const host = hostPath(directory);
      return readEntries(host).map((entry) => ({
        name: entry.name,
        isWhiteout: entry.isCharacterDevice() && isWhiteout(statSnapshotFile(joinBytePath(host, entry.name))),
      }));
    },
    isOpaque: (directory) => isOpaque(hostPath(directory)),
    readlink: (path) => readlinkSync(bytePathToFs(hostPath(path)), 'latin1'),
    xattrs: (path) => readXattrs(hostPath(path)).filter(({ name }) => isImageXattr(name)),
    open: (path) => openSync(bytePathToFs(hostPath(path)), constants.O_RDONLY | constants.O_NOFOLLOW),
  };
}

/** Whether a file of an upper directory stands for a deletion: overlay's device 0:0. */
export function isWhiteout(stat: FileStat | undefined): boolean {
  return stat?.type === 'char' && stat.devMajor === 0 && stat.devMinor === 0;
}

function readEntries(directory: BytePath): Dirent[] {
  // The type says utf8 only; any encoding of names works.
  return readdirSync(bytePathToFs(directory), { withFileTypes: true, encoding: 'latin1' as 'utf8' });
}
