import { assert } from '../../core/assert.ts';
import type { BytePath } from '../../core/byte-path.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { openThread } from '../../sys/thread/thread.ts';
import type { SelectedFile } from '../selection.ts';
import { openingBytes } from './hash-content.ts';
import type { Content } from './known-content.ts';

/** What the thread is asked: what these files hold, in this order. */
export interface FilesToHash {
  /** Of the host, with the files beneath it. */
  readonly directory: string;
  readonly files: readonly { readonly path: BytePath; readonly size: number }[];
  /** In shared memory: whoever comes first hashes them (`claimed`). */
  readonly claim: Int32Array;
}

interface Batch {
  readonly tree: FileTree;
  readonly files: SelectedFile[];
  readonly claim: Int32Array;
  /** Undefined as long as the thread was not asked; what it answers is undefined where it came second. */
  answer: Promise<readonly Content[] | undefined> | undefined;
}

export interface HashAhead {
  /** Tells of a regular file to be hashed, in a tree that shows a directory of the host. */
  found(tree: FileTree, file: SelectedFile): void;
  /**
   * What the files hold, of those that are worth a thread; the others are left to whoever asks.
   * @param hash hashes one here
   */
  contents(
    hash: (tree: FileTree, file: SelectedFile) => Promise<Content>,
  ): Promise<ReadonlyMap<SelectedFile, Content>>;
  /** Ends the thread, whatever it is doing. */
  end(): Promise<void>;
}

/** Some five milliseconds of work, counted as in `openingBytes`. */
const batchBytes = 4 << 20;
/** Hashing less takes hardly longer than starting the thread. */
const worthwhileBytes = 64 << 20;

/** There is one such thread at a time: the other cores are for the other steps. */
let isRunning = false;

/**
 * Has a thread hash files from the first one on, as soon as they are found, and its user hash them from the last one on
 * when all are found, until they meet.
 */
export function openHashAhead(): HashAhead {
  const thread = openThread<FilesToHash, readonly Content[] | undefined>('hash-worker', 'strata hash files');
  const batches: Batch[] = [];
  let batchCost = 0;
  let cost = 0;
  let isStarted = false;

  const ask = (batch: Batch): void => {
    const { tree, claim } = batch;
    const directory = tree.directory;
    assert(directory !== undefined, 'a thread can open the files');
    const files = batch.files.map(({ path, stat }) => ({ path, size: stat.size }));
    batch.answer = thread.ask({ directory, files, claim });
    // Met when its turn comes.
    batch.answer.catch(() => undefined);
  };

  const start = (): void => {
    if (isRunning) return;
    isRunning = true;
    isStarted = true;
    for (const batch of batches.slice(0, -1)) ask(batch);
  };

  /** The one that the next file goes into; those before are complete. */
  const batchFor = (tree: FileTree): Batch => {
    const last = batches.at(-1);
    if (last?.tree === tree && batchCost < batchBytes) return last;
    if (last !== undefined && isStarted) ask(last);
    const batch: Batch = { tree, files: [], claim: newClaim(), answer: undefined };
    batches.push(batch);
    batchCost = 0;
    return batch;
  };

  return {
    found(tree, file) {
      batchFor(tree).files.push(file);
      const added = file.stat.size + openingBytes;
      batchCost += added;
      cost += added;
      if (!isStarted && cost >= worthwhileBytes) start();
    },
    async contents(hash) {
      const found = new Map<SelectedFile, Content>();
      if (!isStarted) return found;
      let left = batches.length;
      for (; left > 0; left--) {
        const batch = batches[left - 1];
        if (batch === undefined || !claimed(batch.claim)) break;
        for (const file of batch.files) found.set(file, await hash(batch.tree, file));
      }
      for (const { files, answer } of batches.slice(0, left)) {
        const contents = await answer;
        for (const [index, file] of files.entries()) {
          const content = contents?.[index];
          assert(content !== undefined, 'the thread answers for what it claimed');
          found.set(file, content);
        }
      }
      return found;
    },
    async end() {
      if (isStarted) isRunning = false;
      await thread.end();
    },
  };
}

function newClaim(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Whether nobody claimed it before. */
export function claimed(claim: Int32Array): boolean {
  return Atomics.exchange(claim, 0, 1) === 0;
}
