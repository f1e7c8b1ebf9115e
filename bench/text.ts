/** Bytes as a tree of sources and binaries has them: words of a small language, and noise in one piece of sixteen. */
export class Text {
  #state: number;
  readonly #pool: Buffer;

  constructor(seed: number) {
    this.#state = seed;
    const words = Array.from({ length: 4000 }, () => this.#word());
    const parts: string[] = [];
    for (let length = 0; length < 4 << 20; ) {
      const word = words[this.#next(this.#next(4000) + 1)] ?? '';
      parts.push(word);
      length += word.length;
    }
    this.#pool = Buffer.from(parts.join(' '));
  }

  take(bytes: number): Buffer {
    const taken = Buffer.allocUnsafe(bytes);
    for (let at = 0; at < bytes; ) {
      const length = Math.min(bytes - at, 512 + this.#next(4096));
      if (this.#next(16) === 0) for (let i = 0; i < length; i++) taken[at + i] = this.#next(256);
      else this.#pool.copy(taken, at, this.#next(this.#pool.length - length), this.#pool.length);
      at += length;
    }
    return taken;
  }

  #word(): string {
    return Array.from({ length: 2 + this.#next(8) }, () => String.fromCharCode(97 + this.#next(26))).join('');
  }

  /** Marsaglia's xorshift: 0 ≤ result < limit. */
  #next(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
}
