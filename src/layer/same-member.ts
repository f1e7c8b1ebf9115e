import type { FileStat, FileTree, Xattr } from '../core/file-tree.ts';
import { isImageXattr } from '../snapshot/image-xattr.ts';
import { openContent } from './content-reader.ts';
import type { ContentReader, LayerMember } from './layer-entry.ts';

/** Whether the file at the member's path in `tree`, whose stat is given, has the same metadata and content. */
export function isSameMember(member: LayerMember, stat: FileStat, tree: FileTree): boolean {
  if (!isSameMetadata(member, stat, tree)) return false;
  return member.type !== 'file' || member.size === 0 || isSameContent(member, tree);
}

/** The same without content. */
function isSameMetadata(member: LayerMember, stat: FileStat, tree: FileTree): boolean {
  return (
    member.type === stat.type &&
    member.mode === stat.mode &&
    member.uid === stat.uid &&
    member.gid === stat.gid &&
    member.size === stat.size &&
    member.mtime.seconds === stat.mtime.seconds &&
    member.mtime.nanoseconds === stat.mtime.nanoseconds &&
    member.devMajor === stat.devMajor &&
    member.devMinor === stat.devMinor &&
    (member.type !== 'symlink' || member.link === tree.readlink(member.path)) &&
    isSameXattrs(member.xattrs, tree.xattrs(member.path))
  );
}

/**
 * Whether a directory is as it was. Its time does not count: it changes with every file that comes and goes, and a
 * layer that says nothing else of a directory leaves it out.
 */
export function isSameDirectory(member: LayerMember, stat: FileStat, tree: FileTree): boolean {
  return (
    member.type === 'directory' &&
    stat.type === 'directory' &&
    member.mode === stat.mode &&
    member.uid === stat.uid &&
    member.gid === stat.gid &&
    isSameXattrs(member.xattrs, tree.xattrs(member.path))
  );
}

function isSameXattrs(ours: readonly Xattr[], theirs: readonly Xattr[]): boolean {
  const others = theirs.filter(({ name }) => isImageXattr(name));
  return (
    ours.length === others.length &&
    ours.every(({ name, value }, index) => {
      const other = others[index];
      return other?.name === name && Buffer.compare(value, other.value) === 0;
    })
  );
}

const pieceBytes = 1 << 16;

function isSameContent(member: LayerMember, tree: FileTree): boolean {
  const ours = openContent(member.content);
  try {
    const theirs = openContent({ kind: 'file', open: () => tree.open(member.path) });
    try {
      return isSameBytes(ours, theirs);
    } finally {
      theirs.close();
    }
  } finally {
    ours.close();
  }
}

function isSameBytes(a: ContentReader, b: ContentReader): boolean {
  const pieces = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)] as const;
  for (;;) {
    const pieceA = readPiece(a, pieces[0]);
    const pieceB = readPiece(b, pieces[1]);
    if (!pieceA.equals(pieceB)) return false;
    if (pieceA.length < pieceBytes) return true;
  }
}

/** As much as the buffer holds, less only at the end. */
function readPiece(reader: ContentReader, buffer: Buffer): Buffer {
  let filled = 0;
  while (filled < buffer.length) {
    const got = reader.read(buffer, filled, buffer.length - filled);
    if (got === 0) break;
    filled += got;
  }
  return buffer.subarray(0, filled);
}
