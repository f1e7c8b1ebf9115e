import { assert } from '../../core/assert.ts';
import { type BytePath, baseName, joinBytePath, parentOf } from '../../core/byte-path.ts';
import type { FileStat } from '../../core/file-tree.ts';
import type { LayerFiles } from '../../snapshot/layer-files.ts';
import { impliedDirectory } from '../../tar/entry.ts';
import { listedMember } from './layer-lister.ts';
import type { ListedMember } from './layer-listing.ts';

interface Node {
  readonly member: ListedMember;
  /** Counts the names of the file while the listing is read. */
  stat: FileStat;
}

/**
 * A layer as its listing shows it: the same as its unpacked directory would, but for content.
 * @param name tells its inodes from those of other layers
 */
export function listedLayer(members: readonly ListedMember[], name: string): LayerFiles {
  const nodes = new Map<BytePath, Node>();
  const children = new Map<BytePath, Set<BytePath>>();
  const opaque = new Set<BytePath>();

  const enter = (path: BytePath, node: Node) => {
    const before = nodes.get(path);
    // What is no directory takes the place of all that was below the name.
    if (before?.stat.type === 'directory' && node.stat.type !== 'directory') removeBelow(path);
    nodes.set(path, node);
    if (path === '') return;
    const parent = parentOf(path);
    makeDirectory(parent);
    const siblings = children.get(parent) ?? new Set();
    children.set(parent, siblings.add(baseName(path)));
  };
  const removeBelow = (directory: BytePath) => {
    for (const child of children.get(directory) ?? []) {
      const path = joinBytePath(directory, child);
      removeBelow(path);
      nodes.delete(path);
    }
    children.delete(directory);
  };
  /** A layer may leave directories out in which it has files. */
  const makeDirectory = (path: BytePath) => {
    if (nodes.get(path)?.stat.type === 'directory') return;
    const member = listedMember(impliedDirectory, path, '');
    enter(path, { member, stat: statOf(member, inodeOf(path)) });
  };
  const inodeOf = (path: BytePath) => `${name}:${path}`;

  makeDirectory('');
  for (const member of members) {
    if (member.type === 'opaque') {
      makeDirectory(member.path);
      opaque.add(member.path);
    } else if (member.type === 'hardlink') {
      const target = nodes.get(member.link);
      if (target === undefined) continue;
      target.stat = { ...target.stat, linkCount: target.stat.linkCount + 1 };
      enter(member.path, target);
    } else {
      enter(member.path, { member, stat: statOf(member, inodeOf(member.path)) });
    }
  }

  const nodeAt = (path: BytePath): Node => {
    const node = nodes.get(path);
    assert(node !== undefined, `"${path}" was seen in the listing`);
    return node;
  };
  return {
    lstat: (path) => nodes.get(path)?.stat,
    names: (directory) =>
      [...(children.get(directory) ?? [])].map((child) => ({
        name: child,
        isWhiteout: nodeAt(joinBytePath(directory, child)).member.type === 'delete',
      })),
    isOpaque: (directory) => opaque.has(directory),
    readlink: (path) => nodeAt(path).member.link,
    xattrs: (path) =>
      nodeAt(path).member.xattrs.map(([xattr, value]) => ({
        name: xattr,
        value: Buffer.from(value, 'latin1'),
      })),
    open(path) {
      throw new Error(
        `assertion failed: "${path}" is only listed; whoever reads files has them unpacked first`,
      );
    },
  };
}

function statOf(member: ListedMember, inode: string): FileStat {
  const { mode, uid, gid, size, mtimeSeconds, mtimeNanoseconds, devMajor, devMinor, type } = member;
  const mtime = { seconds: mtimeSeconds, nanoseconds: mtimeNanoseconds };
  const shared = { mode, uid, gid, mtime, devMajor, devMinor, linkCount: 1, inode };
  // A whiteout is what overlay makes of it.
  if (type === 'delete') return { ...shared, type: 'char', size: 0 };
  assert(type !== 'hardlink' && type !== 'opaque', 'these have no stat of their own');
  return { ...shared, type, size };
}
