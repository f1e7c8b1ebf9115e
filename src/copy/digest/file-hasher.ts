import { setImmediate } from 'node:timers/promises';
import { CanceledError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { SelectedFile } from '../selection.ts';
import { openHashAhead, type UpcomingFile } from './hash-ahead.ts';
import { hashContent, openingBytes } from './hash-content.ts';

export interface FileHasher {
  /**
   * sha256 of the content, in hex.
   * @throws StepError `source-changed` if the file is not as long as it was when it was selected
   * @throws CanceledError
   */
  hash(tree: FileTree, file: SelectedFile): Promise<string>;
  /** How many so far. */
  filesHashed(): number;
  /** Nothing is read any more. */
  end(): Promise<void>;
}

/** Between two turns of the event loop: about ten milliseconds of hashing. */
const turnBytes = 8 << 20;

/**
 * Hashes files one after the other; when there are many, a thread begins with the last of them.
 * @param fromLast those that will be asked for, last first, as far as a thread can open them
 */
export function openFileHasher(
  fromLast: () => Iterable<UpcomingFile>,
  signal: AbortSignal | undefined,
): FileHasher {
  const ahead = openHashAhead(fromLast);
  let sinceTurn = 0;
  let count = 0;

  const work = async (bytes: number): Promise<void> => {
    sinceTurn += bytes;
    if (sinceTurn < turnBytes) return;
    sinceTurn = 0;
    ahead.start();
    await setImmediate();
    if (signal?.aborted) throw new CanceledError();
  };

  const hashHere = async (tree: FileTree, { path, stat }: SelectedFile): Promise<string> => {
    const run = hashContent(tree, path, stat.size);
    try {
      for (;;) {
        const { done, value } = run.next();
        if (done === true) return value;
        await work(value);
      }
    } finally {
      run.return('');
    }
  };

  return {
    async hash(tree, file) {
      const digest = await (ahead.take(file) ?? hashHere(tree, file));
      await work(openingBytes);
      count++;
      return digest;
    },
    filesHashed: () => count,
    end: ahead.end,
  };
}
