import { closeSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { type BytePath, bytePathToText } from '../core/byte-path.ts';
import { IntegrityError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';

const readAsync = promisify(read);
const chunkBytes = 1024 * 1024;

/**
 * Streams exactly `size` bytes of a regular file.
 * @throws IntegrityError `file-changed` when it has become shorter
 */
export async function* readTreeFile(tree: FileTree, path: BytePath, size: number): AsyncGenerator<Buffer> {
  if (size === 0) return;
  const fd = tree.open(path);
  try {
    for (let left = size; left > 0; ) {
      const chunk = Buffer.allocUnsafe(Math.min(left, chunkBytes));
      const { bytesRead } = await readAsync(fd, chunk, 0, chunk.length, null);
      if (bytesRead === 0) {
        throw new IntegrityError('file-changed', `"/${bytePathToText(path)}" changed while it was exported`);
      }
      left -= bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    closeSync(fd);
  }
}
