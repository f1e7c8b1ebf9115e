/** libzstd, for a Node that has no zstd of its own. Declared here, used where the system has it. */
import { loadKoffi } from '../koffi.ts';

export interface Zstd {
  /** Which library answers, for the record of who compressed what. */
  readonly name: string;
  /**
   * Compresses `input` to one frame.
   * @param level 1 to 19
   * @returns how many bytes of `output` it takes
   * @throws when it does not fit
   */
  compress(input: Uint8Array, output: Uint8Array, level: number): number;
  /** For one stream, of any number of frames. */
  openInflater(): ZstdInflater;
}

export interface ZstdInflater {
  /**
   * What more of the stream comes to, in pieces that are overwritten by the next one.
   * @throws an error with the code `ZSTD_error`
   */
  push(input: Uint8Array): Generator<Uint8Array, void, undefined>;
  /** @throws an error with the code `ZSTD_error` when the last frame is not complete */
  end(): void;
  /** Frees its memory; nothing is to be pushed any more. */
  close(): void;
}

const names = ['libzstd.so.1', 'libzstd.so'];
const outputBytes = 1 << 18;

let loaded: { readonly library: Zstd | undefined } | undefined;

/** The library of this machine, undefined when it has none. */
export function loadZstd(): Zstd | undefined {
  loaded ??= { library: findZstd() };
  return loaded.library;
}

function findZstd(): Zstd | undefined {
  const koffi = loadKoffi();
  for (const name of names) {
    try {
      return declare(koffi.load(name));
    } catch {
      // Not installed under this name.
    }
  }
  return undefined;
}

function declare(library: ReturnType<ReturnType<typeof loadKoffi>['load']>): Zstd {
  // Errors are the highest values of size_t: negative numbers.
  const compress = library.func(
    'int64_t ZSTD_compress(void *out, size_t outSize, const void *in, size_t inSize, int level)',
  );
  const inflate = library.func(
    'int64_t ZSTD_decompressStream_simpleArgs(void *context, void *out, size_t outSize, void *outAt, const void *in, size_t inSize, void *inAt)',
  );
  const createContext = library.func('void *ZSTD_createDCtx()');
  const freeContext = library.func('size_t ZSTD_freeDCtx(void *context)');
  const errorName = library.func('const char *ZSTD_getErrorName(int64_t code)');
  const version = library.func('const char *ZSTD_versionString()')() as string;

  const checked = (result: number): number => {
    if (result < 0) throw zstdError(errorName(result) as string);
    return result;
  };

  return {
    name: `libzstd ${version}`,
    compress: (input, output, level) => checked(compress(output, output.length, input, input.length, level)),
    openInflater() {
      const context = createContext();
      const output = Buffer.allocUnsafe(outputBytes);
      const outputAt = new BigUint64Array(1);
      const inputAt = new BigUint64Array(1);
      let isBetweenFrames = true;
      return {
        *push(input) {
          inputAt[0] = 0n;
          // Output that fills the buffer may have more behind it, even when all input is taken.
          for (let isFull = true; isFull || Number(inputAt[0]) < input.length; ) {
            if (isBetweenFrames && Number(inputAt[0]) === input.length) return;
            outputAt[0] = 0n;
            const want = checked(
              inflate(context, output, outputBytes, outputAt, input, input.length, inputAt),
            );
            isBetweenFrames = want === 0;
            const length = Number(outputAt[0]);
            isFull = length === outputBytes;
            if (length > 0) yield output.subarray(0, length);
          }
        },
        end() {
          if (!isBetweenFrames) throw zstdError('the stream ends in the middle of a frame');
        },
        close: () => void freeContext(context),
      };
    },
  };
}

function zstdError(what: string): Error {
  return Object.assign(new Error(what), { code: 'ZSTD_error' });
}
