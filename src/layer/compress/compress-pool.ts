import { availableParallelism } from 'node:os';
import { openThread, type Thread } from '../../sys/thread/thread.ts';
import type { Compression } from '../compression.ts';
import { blockBytes, compressedBlockBytes } from './block-compressor.ts';
import type { MemberSource } from './known-members.ts';
import type { MemberName } from './member-table.ts';

/** A block on its way, in memory that all threads share. */
export interface Block {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** How many will give it back. */
  holders: number;
}

/** What a thread is asked to do. */
export type BlockWork =
  | {
      readonly kind: 'compress';
      readonly input: Uint8Array;
      readonly output: Uint8Array;
      readonly compression: Compression;
      /** Where to look for blocks that were compressed before. */
      readonly known: MemberSource | undefined;
    }
  /** The next bytes of a stream. */
  | { readonly kind: 'hash'; readonly stream: number; readonly input: Uint8Array }
  /** As `hash`, of bytes that it copies from file to file. */
  | { readonly kind: 'copy'; readonly stream: number; readonly part: FilePart }
  /** The stream ends. */
  | { readonly kind: 'digest'; readonly stream: number };

export interface CompressedBlock {
  /** Of what the block became, in bytes. */
  readonly length: number;
  /** What it can be found by later, where it may be. */
  readonly name?: MemberName;
}

export interface BlockReply extends Partial<CompressedBlock> {
  /** What a stream came to, in hex. */
  readonly sha256?: string;
}

interface PoolThread extends Thread<BlockWork, BlockReply> {
  /** Blocks to compress and streams that have not ended. */
  load: number;
}

/** Bytes that are to be in another file too; both by descriptor. */
export interface FilePart {
  readonly from: number;
  readonly start: number;
  readonly length: number;
  readonly to: number;
  readonly position: number;
}

/** Hashes the bytes of one stream in their order, with SHA-256. */
export interface StreamHasher {
  /** Fulfilled when the bytes, in memory that all threads share, were read. */
  update(input: Uint8Array): Promise<void>;
  /** Fulfilled when the bytes were copied, as far as there are any. @throws a system error */
  copy(part: FilePart): Promise<void>;
  /** @returns the digest in hex; nothing comes after it */
  digest(): Promise<string>;
}

/**
 * Threads that compress and hash, and the blocks themselves: there are only so many, so memory stays bounded
 * however many layers are packed at once. Threads start as there is work for them and never keep the
 * process alive when idle.
 *
 * Whoever packs a layer holds at most one block that is not yet handed to `compress`, and waits for
 * nothing but `take`: so blocks always come back.
 */
export class CompressPool {
  readonly #width: number;
  readonly #threads: PoolThread[] = [];
  readonly #free: Block[] = [];
  readonly #waiting: ((block: Block) => void)[] = [];
  #unmade: number;
  #nextStream = 0;

  constructor(width: number) {
    this.#width = width;
    // One being compressed and one lined up per thread, and each one that is filled, hashed, unpacked and written.
    this.#unmade = 2 * width + 4;
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

  /** Compresses the first `length` bytes of the block into its output. */
  async compress(
    { input, output }: Block,
    length: number,
    compression: Compression,
    known?: MemberSource,
  ): Promise<CompressedBlock> {
    const thread = this.#leastBusy();
    thread.load++;
    try {
      const work = {
        kind: 'compress',
        input: input.subarray(0, length),
        output,
        compression,
        known,
      } as const;
      return { length: 0, ...(await thread.ask(work)) };
    } finally {
      thread.load--;
    }
  }

  /** One of the threads hashes a stream beside compressing: that takes it a tenth of the time of compressing. */
  hasher(): StreamHasher {
    const thread = this.#leastBusy();
    const stream = this.#nextStream++;
    thread.load++;
    return {
      update: async (input) => {
        await thread.ask({ kind: 'hash', stream, input });
      },
      copy: async (part) => {
        await thread.ask({ kind: 'copy', stream, part });
      },
      async digest() {
        thread.load--;
        return (await thread.ask({ kind: 'digest', stream })).sha256 ?? '';
      },
    };
  }

  /** Ends the threads; who asks later has others. Idle ones need no such thing when the process exits. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()));
  }

  /** One that is idle, else a new one as long as there may be more, else the one with the least to do. */
  #leastBusy(): PoolThread {
    const [first, ...others] = this.#threads;
    const best = others.reduce(
      (least, next) => (next.load < least.load ? next : least),
      first ?? this.#start(),
    );
    return best.load > 0 && this.#threads.length < this.#width ? this.#start() : best;
  }

  #start(): PoolThread {
    const thread = { ...openThread<BlockWork, BlockReply>('compress-worker', 'strata compress'), load: 0 };
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
