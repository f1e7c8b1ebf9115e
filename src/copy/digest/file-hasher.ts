import { setImmediate } from 'node:timers/promises';
import { CanceledError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { OnFound, SelectedFile } from '../selection.ts';
import { openHashAhead } from './hash-ahead.ts';
import { hashContent, hashLargeContent, largeBytes, openingBytes } from './hash-content.ts';
import { type Content, knownContent } from './known-content.ts';

export interface FileHasher {
  /** To be told of files as they are selected: those that no index knows may be begun with. */
  readonly found: OnFound;
  /**
   * What the files hold that are hashed already, now that all are found.
   * @throws as `read`
   */
  begun(): Promise<ReadonlyMap<SelectedFile, Content>>;
  /**
   * What a regular file holds that is not among these.
   * @throws StepError `source-changed` if the file is not as long as it was when it was selected
   * @throws CanceledError
   */
  read(tree: FileTree, file: SelectedFile): Promise<Content>;
  /** Nothing is read any more. */
  end(): Promise<void>;
}

/** Between two turns of the event loop: about ten milliseconds of hashing. */
const turnBytes = 8 << 20;

/** Hashes files one after the other; where there are many, a thread does its share of them. */
export function openFileHasher(signal?: AbortSignal): FileHasher {
  const ahead = openHashAhead();
  let sinceTurn = 0;

  const work = async (bytes: number): Promise<void> => {
    sinceTurn += bytes;
    if (sinceTurn < turnBytes) return;
    sinceTurn = 0;
    await setImmediate();
    if (signal?.aborted) throw new CanceledError();
  };

  const read = async (tree: FileTree, { path, stat }: SelectedFile): Promise<Content> => {
    if (stat.size >= largeBytes) return hashLargeContent(tree, path, stat.size, signal);
    const run = hashContent(tree, path, stat.size);
    try {
      for (;;) {
        const { done, value } = run.next();
        await work(done === true ? openingBytes : value);
        if (done === true) return value;
      }
    } catch (error) {
      // Closes the file.
      run.throw(error);
      throw error;
    }
  };

  return {
    found(tree, file) {
      const isForThread = file.stat.type === 'file' && tree.directory !== undefined;
      if (isForThread && knownContent(tree, file) === undefined) ahead.found(tree, file);
    },
    begun: () => ahead.contents(read),
    read,
    end: ahead.end,
  };
}
