import { type BigIntStats, constants, lstatSync, readdirSync } from 'node:fs';
import { type BytePath, bytePathToFs } from '../core/byte-path.ts';
import { systemCode } from '../core/errors.ts';
import type { FileStat, FileType, Timestamp } from '../core/file-tree.ts';

const typeOfBits: Record<number, FileType | undefined> = {
  [constants.S_IFIFO]: 'fifo',
  [constants.S_IFCHR]: 'char',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFBLK]: 'block',
  [constants.S_IFREG]: 'file',
  [constants.S_IFLNK]: 'symlink',
  [constants.S_IFSOCK]: 'socket',
};

/**
 * What lstat says of a path; undefined when nothing is there. The inode is told apart by device and
 * number, so it holds for the whole machine as long as the file exists.
 * @throws a system error other than ENOENT and ENOTDIR
 */
export function statFile(path: BytePath): FileStat | undefined {
  const stat = lstatOrNothing(path);
  if (stat === undefined) return undefined;
  const mode = Number(stat.mode);
  const type = typeOfBits[mode & constants.S_IFMT] ?? 'file';
  const isDevice = type === 'char' || type === 'block';
  return {
    type,
    mode: mode & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: type === 'file' ? Number(stat.size) : 0,
    mtime: timestampOf(stat.mtimeNs),
    devMajor: isDevice ? Number(((stat.rdev >> 8n) & 0xfffn) | ((stat.rdev >> 32n) & ~0xfffn)) : 0,
    devMinor: isDevice ? Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)) : 0,
    linkCount: Number(stat.nlink),
    inode: `${stat.dev}:${stat.ino}`,
    ctime: timestampOf(stat.ctimeNs),
  };
}

/**
 * The names in a directory, in byte order.
 * @throws a system error, such as ENOTDIR
 */
export function listNames(path: BytePath): BytePath[] {
  return readdirSync(bytePathToFs(path), 'latin1').sort();
}

function lstatOrNothing(path: BytePath): BigIntStats | undefined {
  try {
    return lstatSync(bytePathToFs(path), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function timestampOf(nanoseconds: bigint): Timestamp {
  const billion = 1_000_000_000n;
  const rest = ((nanoseconds % billion) + billion) % billion;
  return { seconds: Number((nanoseconds - rest) / billion), nanoseconds: Number(rest) };
}
