import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { bytePathToText } from '../core/byte-path.ts';
import { CanceledError, StepError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import type { SelectedFile } from './selection.ts';

export interface FileHasher {
  /** sha256 of the content, in hex. */
  hash(tree: FileTree, file: SelectedFile): Promise<string>;
  /** How many so far. */
  filesHashed(): number;
}

const pieceBytes = 1 << 20;
/** Between two turns of the event loop: about ten milliseconds of hashing. */
const turnBytes = 8 << 20;
/** What opening and closing a file costs, in bytes that could have been hashed meanwhile. */
const openingBytes = 16 << 10;

/** Hashes files one after the other through one buffer. */
export function openFileHasher(signal: AbortSignal | undefined): FileHasher {
  let buffer: Buffer | undefined;
  let sinceTurn = 0;
  let count = 0;

  const work = async (bytes: number): Promise<void> => {
    sinceTurn += bytes;
    if (sinceTurn < turnBytes) return;
    sinceTurn = 0;
    await setImmediate();
    if (signal?.aborted) throw new CanceledError();
  };

  return {
    async hash(tree, { path, stat }) {
      buffer ??= Buffer.allocUnsafe(pieceBytes);
      const hash = createHash('sha256');
      const descriptor = tree.open(path);
      let size = 0;
      try {
        for (;;) {
          const length = readSync(descriptor, buffer, 0, pieceBytes, null);
          if (length === 0) break;
          hash.update(length === pieceBytes ? buffer : buffer.subarray(0, length));
          size += length;
          if (size > stat.size) break;
          await work(length);
        }
      } finally {
        closeSync(descriptor);
      }
      if (size !== stat.size) throw changedWhileRead(bytePathToText(path));
      await work(openingBytes);
      count++;
      return hash.digest('hex');
    },
    filesHashed: () => count,
  };
}

function changedWhileRead(path: string): StepError {
  return new StepError('source-changed', `"/${path}" changed while the build was reading it`, {
    hint: 'build again when nothing writes to it',
  });
}
