import { chmodSync, constants } from 'node:fs';
import { type BytePath, bytePathToFs } from '../core/byte-path.ts';
import type { Timestamp } from '../core/file-tree.ts';
import { lastSystemError, libcFunction, pathArgument } from './libc.ts';

const mknod = libcFunction('int mknod(const char *path, unsigned int mode, uint64_t dev)');
const utimensat = libcFunction('int utimensat(int dirfd, const char *path, const void *times, int flags)');
const futimens = libcFunction('int futimens(int fd, const void *times)');

const typeBits = { char: constants.S_IFCHR, block: constants.S_IFBLK, fifo: constants.S_IFIFO } as const;
const atFdcwd = -100;
const symlinkNoFollow = 0x100;
/** UTIME_OMIT: leave this time as it is. */
const omit = (1n << 30n) - 2n;

/**
 * Creates a device or fifo with exactly the given permission bits.
 * @throws a system error, such as EEXIST
 */
export function makeNode(
  path: BytePath,
  type: keyof typeof typeBits,
  mode: number,
  devMajor: number,
  devMinor: number,
): void {
  if (mknod(pathArgument(path), typeBits[type] | 0o600, deviceNumber(devMajor, devMinor)) < 0) {
    throw lastSystemError('mknod', path);
  }
  chmodSync(bytePathToFs(path), mode);
}

/**
 * Sets the modification time of a file, directory or symlink itself, to the nanosecond; the access time
 * stays.
 * @throws a system error, such as ENOENT
 */
export function setTimes(path: BytePath, mtime: Timestamp): void {
  if (utimensat(atFdcwd, pathArgument(path), timesOf(mtime), symlinkNoFollow) < 0) {
    throw lastSystemError('utimensat', path);
  }
}

/**
 * The same of an open file, which need not be found once more.
 * @param path for the error
 */
export function setTimesOfOpen(descriptor: number, path: BytePath, mtime: Timestamp): void {
  if (futimens(descriptor, timesOf(mtime)) < 0) throw lastSystemError('futimens', path);
}

function timesOf({ seconds, nanoseconds }: Timestamp): BigInt64Array {
  return BigInt64Array.of(0n, omit, BigInt(seconds), BigInt(nanoseconds));
}

/** The kernel's dev_t: 12 bits of major and 20 of minor in the low half, what is beyond them above. */
function deviceNumber(devMajor: number, devMinor: number): bigint {
  const major = BigInt(devMajor);
  const minor = BigInt(devMinor);
  return ((major & ~0xfffn) << 32n) | ((minor & ~0xffn) << 12n) | ((major & 0xfffn) << 8n) | (minor & 0xffn);
}
