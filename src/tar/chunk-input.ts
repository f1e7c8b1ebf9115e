/** Reading that yields when it needs the next chunk. */
export type Reading<T> = Generator<undefined, T, undefined>;

/**
 * Bytes that arrive in chunks, read by a generator that yields whenever it needs the next one. The
 * reading code is then written straight down, yet runs as well on a stream as in a synchronous loop.
 */
export class ChunkInput {
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #isEnded = false;

  give(chunk: Uint8Array): void {
    this.#chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#at = 0;
  }

  end(): void {
    this.#isEnded = true;
  }

  /** Up to `limit` bytes, at least one; undefined at the end. Valid until the next chunk. */
  *some(limit: number): Reading<Buffer | undefined> {
    while (this.#at === this.#chunk.length) {
      if (this.#isEnded) return undefined;
      yield;
    }
    const start = this.#at;
    this.#at = Math.min(this.#chunk.length, start + limit);
    return this.#chunk.subarray(start, this.#at);
  }

  /** `size` bytes, fewer only at the end. Valid until the next chunk. */
  *exactly(size: number): Reading<Buffer> {
    if (this.#chunk.length - this.#at >= size) {
      this.#at += size;
      return this.#chunk.subarray(this.#at - size, this.#at);
    }
    const parts: Buffer[] = [];
    let missing = size;
    while (missing > 0) {
      const part = yield* this.some(missing);
      if (part === undefined) break;
      parts.push(Buffer.from(part));
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }
}
