import { closeSync, constants, openSync } from 'node:fs';
import { type BytePath, bytePathToFs } from '../core/byte-path.ts';
import { lastSystemError, libcFunction } from './libc.ts';

const syncfs = libcFunction('int syncfs(int fd)');

/**
 * Hands everything that was written to a filesystem over to whoever keeps it (syncfs(2)).
 * @throws a system error: ENOSPC or EIO where some of it could not be written
 */
export function flushFilesystem(mounted: BytePath): void {
  const descriptor = openSync(bytePathToFs(mounted), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (syncfs(descriptor) < 0) throw lastSystemError('syncfs', mounted);
  } finally {
    closeSync(descriptor);
  }
}
