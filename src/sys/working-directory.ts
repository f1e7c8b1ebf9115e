import { lastSystemError, libcFunction } from './libc.ts';

const unshare = libcFunction('int unshare(int flags)');
const filesystemAttributes = 0x00000200;

/**
 * Runs synchronous work with `directory` as working directory of this thread alone: file operations that
 * other threads have under way keep theirs.
 * @throws a system error, such as ENOENT
 */
export function inDirectory<T>(directory: string, work: () => T): T {
  if (unshare(filesystemAttributes) < 0) throw lastSystemError('unshare', directory);
  const before = process.cwd();
  process.chdir(directory);
  try {
    return work();
  } finally {
    process.chdir(before);
  }
}
