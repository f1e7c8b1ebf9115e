import { createHash } from 'node:crypto';
import { closeSync, readSync, read as readWithCallback } from 'node:fs';
import { promisify } from 'node:util';
import { type BytePath, bytePathToText } from '../../core/byte-path.ts';
import { CanceledError, StepError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { Content } from './known-content.ts';
import { xattrWord } from './words.ts';

const read = promisify(readWithCallback);

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

/** From this size on it pays to read the next piece while one is hashed. */
export const largeBytes = 8 << 20;

/**
 * What a large regular file holds, read by another thread than hashes it.
 * @param size what it had when it was selected
 * @throws StepError `source-changed` when it has another
 * @throws CanceledError
 */
export async function hashLargeContent(
  tree: Pick<FileTree, 'open' | 'xattrs'>,
  path: BytePath,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Content> {
  const hash = createHash('sha256');
  const descriptor = tree.open(path);
  const readInto = (piece: Buffer) => read(descriptor, piece, 0, pieceBytes, null);
  let [piece, next] = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)];
  let reading = readInto(piece);
  try {
    for (let seen = 0; ; ) {
      const { bytesRead } = await reading;
      if (signal?.aborted) throw new CanceledError();
      seen += bytesRead;
      if (bytesRead === 0 ? seen < size : seen > size) throw changedWhileRead(bytePathToText(path));
      if (bytesRead === 0) break;
      reading = readInto(next);
      hash.update(piece.subarray(0, bytesRead));
      [piece, next] = [next, piece];
    }
    return { digest: hash.digest('hex'), xattrs: xattrWord(tree.xattrs(path, descriptor)) };
  } finally {
    // It would go on with whatever file gets the number next.
    await reading.catch(() => undefined);
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
