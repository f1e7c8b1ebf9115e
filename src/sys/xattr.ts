import { type BytePath, compareBytes } from '../core/byte-path.ts';
import type { Xattr } from '../core/file-tree.ts';
import { lastErrorCode, lastSystemError, libcFunction, pathArgument } from './libc.ts';

const llistxattr = libcFunction('long llistxattr(const char *path, void *list, size_t size)');
const lgetxattr = libcFunction(
  'long lgetxattr(const char *path, const char *name, void *value, size_t size)',
);
const flistxattr = libcFunction('long flistxattr(int fd, void *list, size_t size)');
const fgetxattr = libcFunction('long fgetxattr(int fd, const char *name, void *value, size_t size)');
const lsetxattr = libcFunction(
  'int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
);
const lremovexattr = libcFunction('int lremovexattr(const char *path, const char *name)');

/** XATTR_LIST_MAX and XATTR_SIZE_MAX: the kernel gives no longer list and no longer value. */
const maxBytes = 65_536;
const buffer = Buffer.alloc(maxBytes);

/**
 * All extended attributes of a file, directory or symlink itself, in byte order of their names; none where
 * the filesystem has no such thing.
 * @param file its path, or a descriptor of it, which saves the kernel the way there
 * @throws a system error, such as ENOENT
 */
export function readXattrs(file: BytePath | number): Xattr[] {
  const length =
    typeof file === 'number'
      ? flistxattr(file, buffer, maxBytes)
      : llistxattr(pathArgument(file), buffer, maxBytes);
  if (length === 0) return [];
  if (length < 0) {
    if (isUnsupported(lastErrorCode())) return [];
    throw lastSystemError('llistxattr', shown(file));
  }
  const names = buffer
    .toString('latin1', 0, length - 1)
    .split('\0')
    .sort(compareBytes);
  const found: Xattr[] = [];
  for (const name of names) {
    const value = getValue(file, name);
    // Removed since it was listed.
    if (value !== undefined) found.push({ name, value });
  }
  return found;
}

/**
 * One extended attribute of a file, directory or symlink itself; undefined when it has none of that name.
 * @throws a system error, such as ENOENT
 */
export function readXattr(path: BytePath, name: string): Uint8Array | undefined {
  return getValue(path, name);
}

/**
 * Creates or replaces an extended attribute of a file, directory or symlink itself.
 * @throws a system error: ENOTSUP where the filesystem or the kind of file cannot have it
 */
export function setXattr(path: BytePath, name: string, value: Uint8Array): void {
  const failed = lsetxattr(pathArgument(path), pathArgument(name), value, value.length, 0) < 0;
  if (failed) throw lastSystemError('lsetxattr', path);
}

/**
 * Removes an extended attribute of a file, directory or symlink itself.
 * @throws a system error: ENODATA where there is none
 */
export function removeXattr(path: BytePath, name: string): void {
  if (lremovexattr(pathArgument(path), pathArgument(name)) < 0) throw lastSystemError('lremovexattr', path);
}

function getValue(file: BytePath | number, name: string): Uint8Array | undefined {
  const attribute = pathArgument(name);
  const length =
    typeof file === 'number'
      ? fgetxattr(file, attribute, buffer, maxBytes)
      : lgetxattr(pathArgument(file), attribute, buffer, maxBytes);
  if (length >= 0) return new Uint8Array(buffer.subarray(0, length));
  // Most files have none: an error is made only for those who see it.
  const code = lastErrorCode();
  if (code === 'ENODATA' || isUnsupported(code)) return undefined;
  throw lastSystemError('lgetxattr', shown(file));
}

function shown(file: BytePath | number): BytePath {
  return typeof file === 'number' ? `/proc/self/fd/${file}` : file;
}

function isUnsupported(code: string): boolean {
  return code === 'ENOTSUP' || code === 'EOPNOTSUPP';
}
