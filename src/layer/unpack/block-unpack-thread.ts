import { Worker } from 'node:worker_threads';
import { workerURL } from '../worker-url.ts';
import { decodeThreadError, type ThreadError } from './thread-error.ts';

/** What the thread is asked, about the tar that goes to `upper`. */
export type BlockUnpackRequest = { readonly upper: string } & (
  | { readonly kind: 'block'; readonly bytes: Uint8Array; readonly nanoseconds: readonly number[] }
  /** The tar is complete. */
  | { readonly kind: 'finish' }
  /** Nothing is written there any more. */
  | { readonly kind: 'close' }
);

/** One for each request, in their order. */
export interface BlockUnpackReply {
  readonly error?: ThreadError;
}

interface Pending {
  resolve(): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Pending[];
}

let thread: Thread | undefined;

/**
 * Has the thread of this process do its part, after all that it was asked before. It starts with the first
 * question and never keeps the process alive when idle.
 * @throws what went wrong in the thread
 */
export function askUnpackThread(request: BlockUnpackRequest): Promise<void> {
  thread ??= start();
  const { worker, pending } = thread;
  return new Promise((resolve, reject) => {
    pending.push({ resolve, reject });
    worker.ref();
    worker.postMessage(request);
  });
}

function start(): Thread {
  const worker = new Worker(workerURL('block-unpack-worker'), { name: 'strata write files', execArgv: [] });
  const started: Thread = { worker, pending: [] };
  worker.on('message', ({ error }: BlockUnpackReply) => {
    const { resolve, reject } = started.pending.shift() ?? {};
    if (started.pending.length === 0) worker.unref();
    if (error === undefined) resolve?.();
    else reject?.(decodeThreadError(error));
  });
  const fail = (error: unknown) => {
    if (thread === started) thread = undefined;
    for (const { reject } of started.pending.splice(0)) reject(error);
  };
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`the thread that writes files exited with code ${code}`)));
  // Only now: whoever begins to listen to a thread holds it again.
  worker.unref();
  return started;
}
