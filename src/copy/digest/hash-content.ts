import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { type BytePath, bytePathToText } from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { Content } from './known-content.ts';
import { xattrWord } from './words.ts';

const pieceBytes = 1 << 20;
let buffer: Buffer | undefined;

/**
 * What a regular file holds. Says after each piece how many bytes it had.
 * @param size what it had when it was selected
 * @throws StepError `source-changed` when it has another
 */
export function* hashContent(
  tree: Pick<FileTree, 'open' | 'xattrs'>,
  path: BytePath,
  size: number,
): Generator<number, Content, undefined> {
  buffer ??= Buffer.allocUnsafeSlow(pieceBytes);
  const hash = createHash('sha256');
  const descriptor = tree.open(path);
  let seen = 0;
  try {
    for (;;) {
      // One byte more than there should be: a file that is as long as it was gives less than asked for.
      const wanted = Math.min(pieceBytes, size - seen + 1);
      const length = readSync(descriptor, buffer, 0, wanted, null);
      hash.update(buffer.subarray(0, length));
      seen += length;
      if (seen === size && length < wanted) break;
      if (seen > size || length === 0) throw changedWhileRead(bytePathToText(path));
      yield length;
    }
    return { digest: hash.digest('hex'), xattrs: xattrWord(tree.xattrs(path, descriptor)) };
  } finally {
    closeSync(descriptor);
  }
}

function changedWhileRead(path: string): StepError {
  return new StepError('source-changed', `"/${path}" changed while the build was reading it`, {
    hint: 'build again when nothing writes to it',
  });
}

/** What opening and closing a file costs, in bytes that could have been hashed meanwhile. */
export const openingBytes = 16 << 10;
