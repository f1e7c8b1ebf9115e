import { Worker } from 'node:worker_threads';
import type { DiffID } from '../../core/digest.ts';
import { decodeThreadError, type ThreadError } from '../../sys/thread/thread-error.ts';
import { workerURL } from '../../sys/thread/worker-url.ts';

export interface UnpackJob {
  readonly upper: string;
  readonly diffID: DiffID;
  /** As `ActiveSnapshot.places`. */
  readonly places: string | undefined;
}

export type UnpackMessage = Uint8Array | 'end';

export type UnpackReply =
  | { readonly kind: 'taken' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: ThreadError };

/** Chunks on their way to the thread: enough to keep it busy, few enough to keep memory flat. */
const maxUnderway = 4;

/** Decompresses and unpacks a layer on a thread of its own: files are written while this one does other things. */
export async function unpackInThread(blob: AsyncIterable<Uint8Array>, job: UnpackJob): Promise<void> {
  const url = workerURL('unpack-worker');
  const worker = new Worker(url, { name: 'strata unpack', workerData: job, execArgv: [] });
  let underway = 0;
  let isOver = false;
  let resume = () => {};
  const result = new Promise<void>((resolve, reject) => {
    worker.on('message', (reply: UnpackReply) => {
      if (reply.kind === 'done') resolve();
      else if (reply.kind === 'failed') reject(decodeThreadError(reply.error));
      else underway--;
      resume();
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('a thread that unpacked a layer ended early')));
  });
  const stop = () => {
    isOver = true;
    resume();
  };
  result.then(stop, stop);
  try {
    for await (const chunk of blob) {
      while (underway >= maxUnderway && !isOver) {
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      }
      if (isOver) break;
      underway++;
      send(worker, chunk);
    }
    send(worker, 'end');
    await result;
  } finally {
    await worker.terminate();
  }
}

function send(worker: Worker, message: UnpackMessage): void {
  worker.postMessage(message);
}
