/**
 * What an upper directory changes, as the entries of a layer. Parents come before children, names of one
 * directory in byte order.
 *
 * A directory that did not change itself still comes before a change inside it: the layer is unpacked into
 * a snapshot that knows no other, and a parent made up there would hide the owner, mode and attributes of
 * the real one (docs/ARCHITECTURE.md, "Snapshots"). A new time alone is no change of a directory.
 */
import { constants, openSync, readlinkSync } from 'node:fs';
import { assert } from '../core/assert.ts';
import { type BytePath, bytePathFromText, bytePathToFs, joinBytePath } from '../core/byte-path.ts';
import { emptyTree, type FileStat, type FileTree, type Xattr } from '../core/file-tree.ts';
import { statSnapshotFile } from '../snapshot/device-file.ts';
import { isImageXattr } from '../snapshot/image-xattr.ts';
import { isAlone } from '../snapshot/own-notes.ts';
import { listNames, statFile } from '../sys/stat.ts';
import { readXattrs } from '../sys/xattr.ts';
import type { LayerEntry, LayerMember } from './layer-entry.ts';
import { isOpaque } from './opaque.ts';
import { isSameDirectory, isSameMember } from './same-member.ts';
import { isWhiteout } from './whiteout.ts';

interface Walk {
  /** The directories of the upper, as paths on the host: what the first has not, the next one has. */
  readonly directories: readonly BytePath[];
  readonly below: FileTree;
  /** The first name of every file that has several. */
  readonly firstNames: Map<string, BytePath>;
}

/** How a directory of the upper meets the one below. */
interface Beneath {
  /** Whether there is a directory below, which this one is merged with or hides. */
  readonly exists: boolean;
  readonly isHidden: boolean;
}

const nothing: Beneath = { exists: false, isHidden: false };

/**
 * Compares an overlay upper directory with the tree below it. Whiteouts and opaque directories become
 * plain deletes, of names that exist below only; what was copied up and is as it was makes no entry;
 * sockets are left out (no archive can hold them). The root itself comes when its mode, owner or
 * attributes differ. An upper that stands alone is told whole, but for its root.
 *
 * Nothing may change meanwhile. Files are opened when their content is read, not before.
 *
 * @param rest directories with those of the upper's files that it does not have itself (`Snapshotter.directories`)
 */
export function* diffSnapshot(
  upper: string,
  below: FileTree,
  rest: readonly string[] = [],
): Generator<LayerEntry, void, undefined> {
  const walk: Walk = { directories: [upper, ...rest].map(bytePathFromText), below, firstNames: new Map() };
  const [host] = walk.directories;
  const stat = host === undefined ? undefined : statSnapshotFile(host);
  if (host === undefined || stat === undefined) return;
  const xattrs = readXattrs(host);
  if (isAlone(host)) return yield* changesInside({ ...walk, below: emptyTree }, '', nothing);
  const root = memberOf(walk, '', stat, xattrs);
  const rootBelow = below.lstat('');
  if (rootBelow !== undefined && !isSameDirectory(root, rootBelow, below)) yield root;
  yield* changesInside(walk, '', { exists: rootBelow !== undefined, isHidden: isOpaque(xattrs) });
}

function* changesInside(walk: Walk, directory: BytePath, beneath: Beneath): Generator<LayerEntry> {
  const names = namesIn(walk, directory);
  const hidden = beneath.exists && beneath.isHidden ? walk.below.list(directory) : [];
  const all = hidden.length === 0 ? names : [...new Set([...names, ...hidden])].sort();
  for (const name of all) {
    const path = joinBytePath(directory, name);
    const stat = statSnapshotFile(hostPath(walk, path));
    const old = beneath.exists ? walk.below.lstat(path) : undefined;
    if (stat === undefined || stat.type === 'socket' || isWhiteout(stat)) {
      if (old !== undefined) yield { type: 'delete', path };
    } else if (stat.type === 'directory') {
      yield* directoryChanges(walk, path, stat, old, beneath.isHidden);
    } else {
      yield* fileChanges(walk, path, stat, old);
    }
  }
}

function* directoryChanges(
  walk: Walk,
  path: BytePath,
  stat: FileStat,
  old: FileStat | undefined,
  isParentHidden: boolean,
): Generator<LayerEntry> {
  const xattrs = readXattrs(hostPath(walk, path));
  const entry = memberOf(walk, path, stat, xattrs);
  let isTold = old === undefined || !isSameDirectory(entry, old, walk.below);
  if (isTold) yield entry;
  // What an opaque directory hides stays hidden in the directories within, which carry no mark.
  const beneath = { exists: old?.type === 'directory', isHidden: isParentHidden || isOpaque(xattrs) };
  for (const change of changesInside(walk, path, beneath)) {
    if (!isTold) yield entry;
    isTold = true;
    yield change;
  }
}

function* fileChanges(
  walk: Walk,
  path: BytePath,
  stat: FileStat,
  old: FileStat | undefined,
): Generator<LayerEntry> {
  const entry = memberOf(walk, path, stat, readXattrs(hostPath(walk, path)));
  // A file with several names was linked in this step: a name without its file would not unpack.
  const isLinked = stat.linkCount > 1;
  const first = isLinked ? walk.firstNames.get(stat.inode) : undefined;
  if (first !== undefined) {
    const { content: _, ...metadata } = entry;
    yield { ...metadata, type: 'hardlink', size: 0, link: first, devMajor: 0, devMinor: 0 };
    return;
  }
  if (isLinked) walk.firstNames.set(stat.inode, path);
  else if (old !== undefined && isSameMember(entry, old, walk.below)) return;
  yield entry;
}

/** Where a name of the upper is, or would be. */
function hostPath({ directories }: Walk, path: BytePath): BytePath {
  const places = directories.map((directory) => joinBytePath(directory, path));
  const [first = path] = places;
  return places.length === 1 ? first : (places.find((place) => statFile(place) !== undefined) ?? first);
}

function namesIn({ directories }: Walk, directory: BytePath): readonly BytePath[] {
  const places = directories.map((each) => joinBytePath(each, directory));
  const [first] = places;
  if (first !== undefined && places.length === 1) return listNames(first);
  const there = places.filter((place) => statFile(place)?.type === 'directory');
  return [...new Set(there.flatMap(listNames))].sort();
}

function memberOf(walk: Walk, path: BytePath, stat: FileStat, xattrs: readonly Xattr[]): LayerMember {
  const host = bytePathToFs(hostPath(walk, path));
  const { type, mode, uid, gid, size, mtime, devMajor, devMinor } = stat;
  assert(type !== 'socket', 'sockets are left out');
  const open = () => openSync(host, constants.O_RDONLY | constants.O_NOFOLLOW);
  return {
    path,
    type,
    mode,
    uid,
    gid,
    size,
    mtime,
    link: type === 'symlink' ? readlinkSync(host, 'latin1') : '',
    devMajor,
    devMinor,
    xattrs: xattrs.filter(({ name }) => isImageXattr(name)),
    ...(type === 'file' ? { content: { kind: 'file', open } } : {}),
  };
}
