import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Sizes {
  readonly runs: number;
  readonly files: number;
  readonly filesBytes: number;
  readonly bigBytes: number;
}

export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly context: string;
}

/** The image every workload stands on, a static busybox. */
export const baseName = 'strata-base/busybox';

/** Writes the contexts below `dir`. The same sizes give the same bytes on every machine. */
export function makeWorkloads(dir: string, sizes: Sizes): Workload[] {
  const context = (name: string, dockerfile: readonly string[]): string => {
    mkdirSync(join(dir, name), { recursive: true });
    writeFileSync(join(dir, name, 'Dockerfile'), `FROM ${baseName}\n${dockerfile.join('\n')}\n`);
    return join(dir, name);
  };
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  const small = context('small', [
    'RUN echo one > /one',
    'COPY app /app',
    'RUN cat /app/* > /two',
    'RUN rm /one && echo three > /three',
  ]);
  mkdirSync(join(small, 'app'), { recursive: true });
  for (const name of ['a', 'b', 'c']) writeFileSync(join(small, 'app', name), `${name}\n`);

  const runs = context(
    'runs',
    Array.from({ length: sizes.runs }, (_, index) => `RUN echo ${index} > /step-${index}`),
  );

  const files = context('files', ['COPY tree /tree', 'RUN find /tree -type f | wc -l > /count']);
  const text = new Text(1);
  const meanBytes = sizes.filesBytes / sizes.files;
  for (let index = 0; index < sizes.files; index++) {
    const folder = join(files, 'tree', `${index % 20}`, `${Math.floor(index / 20) % 50}`);
    mkdirSync(folder, { recursive: true });
    // Sizes vary as those of source files do: most are small, a few are ten times the mean.
    const bytes = Math.round(meanBytes * (index % 10 === 0 ? 5.5 : 0.5));
    writeFileSync(join(folder, `file-${index}.txt`), text.take(bytes));
  }

  const big = context('big', ['COPY big /big', 'RUN cp /big /copy']);
  const target = openSync(join(big, 'big'), 'w');
  for (let left = sizes.bigBytes; left > 0; left -= 1 << 20)
    writeSync(target, text.take(Math.min(left, 1 << 20)));
  closeSync(target);

  return [
    { name: 'small', what: '3 RUN, 1 COPY', context: small },
    { name: 'runs', what: `${sizes.runs} RUN echo`, context: runs },
    {
      name: 'files',
      what: `COPY of ${sizes.files} files (${megabytes(sizes.filesBytes)}), 1 RUN`,
      context: files,
    },
    { name: 'big', what: `COPY of one ${megabytes(sizes.bigBytes)} file, RUN that copies it`, context: big },
  ];
}

/** Bytes as a tree of sources and binaries has them: words of a small language, and noise in one piece of sixteen. */
class Text {
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
