/** libdeflate: twice as fast as zlib at the same size. Declared here, used where the system has it. */
import { loadKoffi } from '../koffi.ts';

/** A gzip compressor for blocks that are in memory whole. */
export interface Deflate {
  /** Which library answers, for the record of who compressed what. */
  readonly name: string;
  /** The level of layers when nobody asks for one. */
  readonly usualLevel: number;
  /** One that takes much less time, for content that comes out hardly larger; absent where there is none. */
  readonly quickLevel?: number;
  /**
   * Compresses `input` to one gzip member with no time, no name and an unknown system.
   * @param level 0 (only stored) to 12
   * @returns how many bytes of `output` it takes, 0 when it does not fit
   */
  gzip(input: Uint8Array, output: Uint8Array, level: number): number;
  /**
   * Expands the first member of `input`, which may have others behind it.
   * @returns how many bytes it had, and fills of `output`; undefined where it is none, or does not fit
   */
  gunzipFirst?(
    input: Uint8Array,
    output: Uint8Array,
  ): { readonly read: number; readonly written: number } | undefined;
}

const names = ['libdeflate.so.0', 'libdeflate.so'];

/** No more than 2 % larger than what `gzip -6` makes, in two thirds of the time of level 6 (docs/PERFORMANCE.md). */
const usualLevel = 4;
const quickLevel = 1;

/** The library of this machine, undefined when it has none. */
export function loadDeflate(): Deflate | undefined {
  const koffi = loadKoffi();
  for (const name of names) {
    try {
      const library = koffi.load(name);
      const allocate = library.func('void *libdeflate_alloc_compressor(int level)');
      const compress = library.func(
        'size_t libdeflate_gzip_compress(void *compressor, const void *in, size_t inSize, void *out, size_t outSize)',
      );
      const decompressFirst = library.func(
        'int libdeflate_gzip_decompress_ex(void *decompressor, const void *in, size_t inSize, void *out, size_t outSize, void *inUsed, void *outUsed)',
      );
      const allocateDecompressor = library.func('void *libdeflate_alloc_decompressor(void)');
      let decompressor: unknown;
      // Old versions do not know level 0.
      if (allocate(0) === null) continue;
      const compressors = new Map<number, unknown>();
      const compressor = (level: number) => {
        const known = compressors.get(level) ?? allocate(level);
        compressors.set(level, known);
        return known;
      };
      return {
        name,
        usualLevel,
        quickLevel,
        gzip: (input, output, level) =>
          compress(compressor(level), input, input.length, output, output.length),
        gunzipFirst(input, output) {
          decompressor ??= allocateDecompressor();
          const [read, written] = [Buffer.alloc(8), Buffer.alloc(8)];
          const { length } = input;
          if (decompressFirst(decompressor, input, length, output, output.length, read, written) !== 0)
            return undefined;
          return { read: readSize(read), written: readSize(written) };
        },
      };
    } catch {
      // Not installed under this name.
    }
  }
  return undefined;
}

/** A `size_t`, of what is in memory. */
function readSize(bytes: Buffer): number {
  return Number(new BigUint64Array(bytes.buffer, bytes.byteOffset, 1)[0]);
}
