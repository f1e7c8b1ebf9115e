import { assert } from '../../core/assert.ts';
import type { BytePath } from '../../core/byte-path.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { openThread, type Thread } from '../../sys/thread/thread.ts';
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
  /** Of the threads that were asked: undefined from whoever came second. */
  readonly answers: Promise<readonly Content[] | undefined>[];
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
  /** Ends the threads, whatever they are doing. */
  end(): Promise<void>;
}

/** Some five milliseconds of work, counted as in `openingBytes`. */
const batchBytes = 4 << 20;
/** Hashing less takes hardly longer than starting the thread. */
const worthwhileBytes = 64 << 20;
/** Files that come from the disk are waited for: several at a time, which most disks give in hardly more time than one. */
const threadsForDisk = 4;
const diskBytes = 2 << 20;

/** There is one user at a time: the other cores are for the other steps. */
let isRunning = false;

/**
 * Has a thread hash files from the first one on, as soon as they are found, and its user hash them from the last one on
 * when all are found, until they meet. More threads help where the files come from the disk.
 */
export function openHashAhead(): HashAhead {
  const threads: Thread<FilesToHash, readonly Content[] | undefined>[] = [];
  const batches: Batch[] = [];
  let batchCost = 0;
  let cost = 0;
  let isStarted = false;
  const readBefore = bytesFromDisk();

  /** The batches are dealt out to the threads. */
  const ask = (batch: Batch, index: number): void => {
    const { tree, claim, answers } = batch;
    const directory = tree.directory;
    assert(directory !== undefined, 'a thread can open the files');
    const files = batch.files.map(({ path, stat }) => ({ path, size: stat.size }));
    const thread = threads[index % threads.length];
    assert(thread !== undefined, 'threads were added');
    const answer = thread.ask({ directory, files, claim });
    // Met when its turn comes.
    answer.catch(() => undefined);
    answers.push(answer);
  };

  /** Those before the last one are complete. */
  const askForAll = (complete: readonly Batch[]): void => {
    for (const [index, batch] of complete.entries()) if (!isClaimed(batch.claim)) ask(batch, index);
  };

  const addThreads = (count: number): void => {
    while (threads.length < count) threads.push(openThread('hash-worker', 'strata hash files'));
  };

  const start = (): void => {
    if (isRunning) return;
    isRunning = true;
    isStarted = true;
    addThreads(1);
    askForAll(batches.slice(0, -1));
  };

  const helpWithDisk = (complete: readonly Batch[]): void => {
    if (threads.length > 1 || bytesFromDisk() - readBefore < diskBytes) return;
    addThreads(threadsForDisk);
    askForAll(complete);
  };

  /** The one that the next file goes into. */
  const batchFor = (tree: FileTree): Batch => {
    const last = batches.at(-1);
    if (last?.tree === tree && batchCost < batchBytes) return last;
    if (last !== undefined && isStarted) {
      ask(last, batches.length - 1);
      helpWithDisk(batches);
    }
    const batch: Batch = { tree, files: [], claim: newClaim(), answers: [] };
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
        helpWithDisk(batches.slice(0, left - 1));
      }
      for (const { files, answers } of batches.slice(0, left)) {
        const contents = (await Promise.all(answers)).find((answer) => answer !== undefined);
        for (const [index, file] of files.entries()) {
          const content = contents?.[index];
          assert(content !== undefined, 'a thread answers for what it claimed');
          found.set(file, content);
        }
      }
      return found;
    },
    async end() {
      if (isStarted) isRunning = false;
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

/** What this process had to wait for, on filesystems that tell the kernel. */
function bytesFromDisk(): number {
  return process.resourceUsage().fsRead * 512;
}

function isClaimed(claim: Int32Array): boolean {
  return Atomics.load(claim, 0) !== 0;
}

function newClaim(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Whether nobody claimed it before. */
export function claimed(claim: Int32Array): boolean {
  return Atomics.exchange(claim, 0, 1) === 0;
}
