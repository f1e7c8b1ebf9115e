import { setImmediate } from 'node:timers/promises';
import { CanceledError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { SelectedFile } from '../selection.ts';
import { openHashAhead, type UpcomingFile } from './hash-ahead.ts';
import { hashContent, openingBytes } from './hash-content.ts';
import type { Content } from './known-content.ts';
import { xattrWord } from './words.ts';

export interface FileHasher {
  /**
   * The sha256 of a regular file, and its attributes.
   * @throws StepError `source-changed` if the file is not as long as it was when it was selected
   * @throws CanceledError
   */
  read(tree: FileTree, file: SelectedFile): Promise<Content>;
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

  const readHere = async (tree: FileTree, { path, stat }: SelectedFile): Promise<Content> => {
    const run = hashContent(tree, path, stat.size);
    try {
      for (;;) {
        const { done, value } = run.next();
        if (done === true) return { digest: value, xattrs: xattrWord(tree, path) };
        await work(value);
      }
    } finally {
      run.return('');
    }
  };

  return {
    async read(tree, file) {
      const content = await (ahead.take(file) ?? readHere(tree, file));
      await work(openingBytes);
      count++;
      return content;
    },
    filesHashed: () => count,
    end: ahead.end,
  };
}
