import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Compression } from '../compression.ts';
import { workerURL } from '../worker-url.ts';
import { blockBytes, compressedBlockBytes } from './block-compressor.ts';
import type { KnownMembers } from './known-members.ts';

/** A block on its way, in memory that all threads share. */
export interface Block {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** How many will give it back. */
  holders: number;
}

export interface CompressRequest {
  readonly id: number;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly compression: Compression;
  /** Where to look for blocks that were compressed before. */
  readonly known: KnownMembers | undefined;
}

export interface CompressReply {
  readonly id: number;
  readonly length: number;
}

interface Pending {
  resolve(length: number): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

/**
 * Threads that compress blocks, and the blocks themselves: there are only so many, so memory stays bounded
 * however many layers are packed at once. Threads start as there is work for them and never keep the
 * process alive when idle.
 *
 * Whoever packs a layer holds at most one block that is not yet handed to `compress`, and waits for
 * nothing but `take`: so blocks always come back.
 */
export class CompressPool {
  readonly #width: number;
  #threads: Thread[] = [];
  readonly #free: Block[] = [];
  readonly #waiting: ((block: Block) => void)[] = [];
  #unmade: number;
  #nextID = 0;

  constructor(width: number) {
    this.#width = width;
    // One being compressed and one lined up per thread, one being filled, one being written.
    this.#unmade = 2 * width + 2;
  }

  /** Whether threads run already: what would be too small to start them for may as well use them. */
  get isRunning(): boolean {
    return this.#threads.length > 0;
  }

  /** A block to fill. Waits for one to be given back when all are in use. */
  async take(): Promise<Block> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#unmade > 0) {
      this.#unmade--;
      return {
        input: new Uint8Array(new SharedArrayBuffer(blockBytes)),
        output: new Uint8Array(new SharedArrayBuffer(compressedBlockBytes)),
        holders: 1,
      };
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** One more reads its input, and gives it back as well: it is free again when all have. */
  share(block: Block): void {
    block.holders++;
  }

  give(block: Block): void {
    block.holders--;
    if (block.holders > 0) return;
    block.holders = 1;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(block);
    else next(block);
  }

  /** Compresses the first `length` bytes of the block into its output; says how long that is. */
  compress(
    { input, output }: Block,
    length: number,
    compression: Compression,
    known?: KnownMembers,
  ): Promise<number> {
    const { worker, pending } = this.#leastBusy();
    const id = this.#nextID++;
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject });
      worker.ref();
      const request: CompressRequest = {
        id,
        input: input.subarray(0, length),
        output,
        compression,
        known,
      };
      worker.postMessage(request);
    });
  }

  /** Ends the threads. Idle ones need no such thing when the process exits. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  /** One that is idle, else a new one as long as there may be more, else the one with the least to do. */
  #leastBusy(): Thread {
    const [first, ...others] = this.#threads;
    const best = others.reduce(
      (least, next) => (next.pending.size < least.pending.size ? next : least),
      first ?? this.#start(),
    );
    return best.pending.size > 0 && this.#threads.length < this.#width ? this.#start() : best;
  }

  #start(): Thread {
    const worker = new Worker(workerURL('compress-worker'), { name: 'strata compress', execArgv: [] });
    const thread: Thread = { worker, pending: new Map() };
    worker.on('message', ({ id, length }: CompressReply) => {
      thread.pending.get(id)?.resolve(length);
      thread.pending.delete(id);
      if (thread.pending.size === 0) worker.unref();
    });
    const fail = (error: unknown) => {
      this.#threads = this.#threads.filter((each) => each !== thread);
      for (const { reject } of thread.pending.values()) reject(error);
      thread.pending.clear();
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`a compressing thread exited with code ${code}`)));
    // Only now: whoever begins to listen to a thread holds it again.
    worker.unref();
    this.#threads.push(thread);
    return thread;
  }
}

let shared: CompressPool | undefined;

/** The pool of this process. */
export function compressPool(): CompressPool {
  shared ??= new CompressPool(availableParallelism());
  return shared;
}
