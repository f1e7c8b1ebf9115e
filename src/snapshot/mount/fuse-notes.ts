/**
 * What fuse-overlayfs leaves in an upper, made into what the kernel's overlay would have left: everything else
 * of strata knows that one form, and a store may be used with both.
 *
 * It notes deletions as whiteouts of the kernel's kind or as files `.wh.NAME` (no step can make such a name),
 * directories that hide what is below with a file and an attribute, and where a file was copied from with
 * another attribute.
 *
 * What versions before 2 lose when they copy something up is taken from below again: setuid and setgid bits of
 * directories, times of symlinks, and that a fifo is one.
 */
import { chmodSync, lchownSync, readlinkSync, unlinkSync } from 'node:fs';
import { type BytePath, bytePathToFs, joinBytePath } from '../../core/byte-path.ts';
import { emptyTree, type FileStat, type FileTree, type Timestamp } from '../../core/file-tree.ts';
import { makeNode, setTimes } from '../../sys/node.ts';
import { listNames, statFile } from '../../sys/stat.ts';
import { overlayAttribute } from '../../sys/user-namespace/overlay-attribute.ts';
import { readXattr, readXattrs, removeXattr, setXattr } from '../../sys/xattr.ts';
import { isOverlayXattr } from '../overlay-xattr.ts';

const notePrefix = '.wh.';
const opaqueNote = '.wh..wh..opq';
const originNote = 'user.fuseoverlayfs.origin';
const setIdBits = 0o6000;

/**
 * The times of the directories in an upper as the steps see them. Copying a file up writes into the directories
 * above it; the kernel's overlay sets their times back, fuse-overlayfs does not, and merely shows the old ones
 * as long as it is mounted.
 */
export function readDirectoryTimes(upper: BytePath, mounted: BytePath): Map<BytePath, Timestamp> {
  const times = new Map<BytePath, Timestamp>();
  const visit = (path: BytePath): void => {
    const seen = statFile(joinBytePath(mounted, path));
    if (seen?.type !== 'directory') return;
    times.set(path, seen.mtime);
    for (const name of listNames(joinBytePath(upper, path))) {
      const inside = joinBytePath(path, name);
      if (statFile(joinBytePath(upper, inside))?.type === 'directory') visit(inside);
    }
  };
  visit('');
  return times;
}

/**
 * @param below what the upper was mounted over
 * @param times of directories, which are set at the end
 */
export function translateUpper(
  upper: BytePath,
  below: FileTree,
  times: ReadonlyMap<BytePath, Timestamp>,
): void {
  const translateDirectory = (path: BytePath, stat: FileStat, covered: FileTree): void => {
    const host = joinBytePath(upper, path);
    const names = listNames(host);
    removeNotes(host);
    const visible = names.includes(opaqueNote) ? emptyTree : covered;
    const old = visible.lstat(path);
    if (old?.type === 'directory' && stat.mode === (old.mode & ~setIdBits)) {
      chmodSync(bytePathToFs(host), old.mode);
    }
    for (const name of names) {
      const inside = joinBytePath(path, name);
      const found = statFile(joinBytePath(upper, inside));
      if (found === undefined) continue;
      if (name.startsWith(notePrefix)) translateNote(host, name, found);
      else if (found.type === 'directory') translateDirectory(inside, found, visible);
      else translateFile(joinBytePath(upper, inside), inside, found, visible);
    }
    const time = times.get(path);
    if (time !== undefined) setTimes(host, time);
  };
  const root = statFile(upper);
  if (root !== undefined) translateDirectory('', root, below);
}

function translateNote(directory: BytePath, name: BytePath, { type }: FileStat): void {
  unlinkSync(bytePathToFs(joinBytePath(directory, name)));
  if (name === opaqueNote) {
    setXattr(directory, overlayAttribute('opaque'), Buffer.from('y'));
  } else if (type === 'file') {
    const deleted = joinBytePath(directory, name.slice(notePrefix.length));
    if (statFile(deleted) === undefined) makeNode(deleted, 'char', 0, 0, 0);
  }
}

function translateFile(host: BytePath, path: BytePath, stat: FileStat, below: FileTree): void {
  const origin = stat.type === 'file' && stat.size === 0 ? readXattr(host, originNote) : undefined;
  removeNotes(host);
  if (origin !== undefined) {
    const source = Buffer.from(origin).toString('latin1').replace(/\0$/, '');
    if (below.lstat(source)?.type === 'fifo') replaceByFifo(host, stat);
  } else if (stat.type === 'symlink') {
    const old = below.lstat(path);
    const isSame =
      old?.type === 'symlink' && below.readlink(path) === readlinkSync(bytePathToFs(host), 'latin1');
    if (isSame) setTimes(host, old.mtime);
  }
}

function replaceByFifo(host: BytePath, { mode, uid, gid, mtime }: FileStat): void {
  const fs = bytePathToFs(host);
  unlinkSync(fs);
  makeNode(host, 'fifo', mode, 0, 0);
  lchownSync(fs, uid, gid);
  chmodSync(fs, mode);
  setTimes(host, mtime);
}

function removeNotes(path: BytePath): void {
  for (const { name } of readXattrs(path)) if (isOverlayXattr(name)) removeXattr(path, name);
}
