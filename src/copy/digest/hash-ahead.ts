import { assert } from '../../core/assert.ts';
import type { BytePath } from '../../core/byte-path.ts';
import { openThread } from '../../sys/thread/thread.ts';
import type { SelectedFile } from '../selection.ts';
import { openingBytes } from './hash-content.ts';
import type { Content } from './known-content.ts';

/** What the thread is asked: what these files hold, in this order. */
export type FilesToHash = readonly {
  /** Of the host, with the file beneath it. */
  readonly directory: string;
  readonly path: BytePath;
  readonly size: number;
}[];

/** A file that will be asked for, in a tree that shows a directory of the host. */
export interface UpcomingFile {
  readonly directory: string;
  readonly file: SelectedFile;
}

export interface HashAhead {
  /** Has the thread begin where that is worth it; to be called when some files have been hashed. */
  start(): void;
  /** What a file holds that the thread took; undefined of one that is left to whoever asks, and stays so. */
  take(file: SelectedFile): Promise<Content> | undefined;
  /** Ends the thread, whatever it is doing. */
  end(): Promise<void>;
}

/** Some five milliseconds of work, counted as in `openingBytes`. */
const batchBytes = 4 << 20;
/** What the thread has before it, so that it need not wait for a turn of this one. */
const underWayBytes = 16 << 20;
/** Hashing less takes hardly longer than starting the thread. */
const worthwhileBytes = 64 << 20;

/** There is one such thread at a time: the other cores are for the other steps. */
let isRunning = false;

/**
 * Has a thread hash files from the last one on, while its user hashes them from the first one on, until they meet.
 * @param fromLast the files that will be asked for, last first; looked at when there is a thread
 */
export function openHashAhead(fromLast: () => Iterable<UpcomingFile>): HashAhead {
  const thread = openThread<FilesToHash, readonly Content[]>('hash-worker', 'strata hash files');
  const left = new Set<SelectedFile>();
  const taken = new Map<SelectedFile, Promise<Content>>();
  let upcoming: Iterator<UpcomingFile> | undefined;
  let underWay = 0;

  const isWorthwhile = (): boolean => {
    let bytes = 0;
    for (const { file } of fromLast()) {
      if (left.has(file)) return false;
      bytes += costOf(file);
      if (bytes >= worthwhileBytes) return true;
    }
    return false;
  };

  const nextBatch = (): UpcomingFile[] => {
    const batch: UpcomingFile[] = [];
    for (let bytes = 0; bytes < batchBytes; ) {
      const { value } = upcoming?.next() ?? {};
      if (value === undefined || left.has(value.file)) {
        upcoming = undefined;
        break;
      }
      batch.push(value);
      bytes += costOf(value.file);
    }
    return batch;
  };

  const give = (): void => {
    while (upcoming !== undefined && underWay < underWayBytes) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      const bytes = batch.reduce((sum, { file }) => sum + costOf(file), 0);
      const answer = thread.ask(
        batch.map(({ directory, file: { path, stat } }) => ({ directory, path, size: stat.size })),
      );
      underWay += bytes;
      for (const [index, { file }] of batch.entries()) {
        const content = answer.then((contents) => {
          const found = contents[index];
          assert(found !== undefined, 'the thread answers for every file');
          return found;
        });
        // Met when its turn comes.
        content.catch(() => undefined);
        taken.set(file, content);
      }
      answer.then(
        () => {
          underWay -= bytes;
          give();
        },
        () => undefined,
      );
    }
  };

  return {
    start() {
      if (isRunning || upcoming !== undefined || taken.size > 0 || !isWorthwhile()) return;
      isRunning = true;
      upcoming = fromLast()[Symbol.iterator]();
      give();
    },
    take(file) {
      const content = taken.get(file);
      if (content === undefined) left.add(file);
      return content;
    },
    async end() {
      upcoming = undefined;
      if (taken.size > 0) isRunning = false;
      await thread.end();
    },
  };
}

function costOf({ stat }: SelectedFile): number {
  return stat.size + openingBytes;
}
