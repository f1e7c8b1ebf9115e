import { constants, readdirSync } from 'node:fs';
import { endianness } from 'node:os';
import { type BytePath, bytePathToFs } from '../core/byte-path.ts';
import type { FileStat, FileType, Timestamp } from '../core/file-tree.ts';
import { lastErrorCode, lastSystemError, libcFunction, pathArgument } from './libc.ts';

const statx = libcFunction('int statx(int dirfd, const char *path, int flags, unsigned int mask, void *out)');
const atFdcwd = -100;
const symlinkNoFollow = 0x100;
const basicStats = 0x7ff;

/** struct statx (statx(2)), the same on every architecture but for the order of bytes. */
const structBytes = 256;
const out = Buffer.alloc(structBytes);
const words = new Uint32Array(out.buffer, out.byteOffset, structBytes / 4);
const isLittleEndian = endianness() === 'LE';
const [low, high] = isLittleEndian ? [0, 1] : [1, 0];
/** Offsets in 32-bit words; of mode, which has 16 bits, in bytes. */
const at = { nlink: 4, uid: 5, gid: 6, ino: 8, size: 10, ctime: 24, mtime: 28, rdev: 32, dev: 34 } as const;
const modeAt = 28;

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
 *
 * By statx(2) into one buffer: Node's own makes some twenty objects for each file, which for the files of a
 * context is more work than asking the kernel.
 *
 * @param directory an open one that a relative path starts from, instead of the working directory
 * @throws a system error other than ENOENT and ENOTDIR
 */
export function statFile(path: BytePath, directory = atFdcwd): FileStat | undefined {
  // No file can have such a name, and C would take what stands before it for the name.
  if (path.includes('\0')) return undefined;
  if (statx(directory, pathArgument(path), symlinkNoFollow, basicStats, out) < 0) {
    const code = lastErrorCode();
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw lastSystemError('lstat', path);
  }
  const mode = isLittleEndian ? out.readUInt16LE(modeAt) : out.readUInt16BE(modeAt);
  const type = typeOfBits[mode & constants.S_IFMT] ?? 'file';
  const isDevice = type === 'char' || type === 'block';
  const inodeHigh = word(at.ino + high);
  const inode = inodeHigh === 0 ? word(at.ino + low) : `${inodeHigh}.${word(at.ino + low)}`;
  return {
    type,
    mode: mode & 0o7777,
    uid: word(at.uid),
    gid: word(at.gid),
    size: type === 'file' ? longWord(at.size) : 0,
    mtime: timestampAt(at.mtime),
    devMajor: isDevice ? word(at.rdev) : 0,
    devMinor: isDevice ? word(at.rdev + 1) : 0,
    linkCount: word(at.nlink),
    inode: `${word(at.dev)}:${word(at.dev + 1)}:${inode}`,
    ctime: timestampAt(at.ctime),
  };
}

/**
 * The names in a directory, in byte order.
 * @throws a system error, such as ENOTDIR
 */
export function listNames(path: BytePath): BytePath[] {
  return readdirSync(bytePathToFs(path), 'latin1').sort();
}

function word(index: number): number {
  return words[index] ?? 0;
}

function longWord(index: number): number {
  return word(index + high) * 2 ** 32 + word(index + low);
}

/** Seconds are a signed number, nanoseconds count from there on. */
function timestampAt(index: number): Timestamp {
  return {
    seconds: (word(index + high) | 0) * 2 ** 32 + word(index + low),
    nanoseconds: word(index + 2),
  };
}
