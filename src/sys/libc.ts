/**
 * The calls Node has no function for, straight from the C library this process runs on. Loaded on first
 * use: a build that is answered from the cache never pays for it. Everything here is synchronous and acts
 * on the calling thread.
 */
import { getSystemErrorMap } from 'node:util';
import { type BytePath, bytePathToFs } from '../core/byte-path.ts';
import { type Koffi, loadKoffi } from './koffi.ts';

type Argument = string | Uint8Array | BigInt64Array | number | bigint | null | readonly (string | null)[];
type LibcFunction = (...args: Argument[]) => number;

let loaded: { koffi: Koffi; library: ReturnType<Koffi['load']> } | undefined;

function libc(): NonNullable<typeof loaded> {
  if (loaded === undefined) {
    const koffi = loadKoffi();
    // No name: the symbols of this process, whose C library (glibc or musl) is loaded already.
    loaded = { koffi, library: koffi.load(null) };
  }
  return loaded;
}

/** Whether any function was called. */
export function isLibcLoaded(): boolean {
  return loaded !== undefined;
}

/**
 * A function of the C library from its declaration, looked up at the first call. Strings are passed as
 * UTF-8 text, byte arrays by address. A 64-bit result is exact up to 2^53.
 */
export function libcFunction(declaration: string): LibcFunction {
  let found: LibcFunction | undefined;
  return (...args) => {
    found ??= libc().library.func(declaration);
    return found(...args);
  };
}

/** A path for a `const char *` parameter. */
export function pathArgument(path: BytePath): string | Uint8Array {
  const bytes = bytePathToFs(path);
  return typeof bytes === 'string' ? bytes : Buffer.concat([bytes, Buffer.of(0)]);
}

/** The name of the error the last call on this thread left: `ENOENT`. */
export function lastErrorCode(): string {
  return errorNames(libc().koffi.errno())[0];
}

/** The error the last call on this thread left, in the form Node gives its own system errors. */
export function lastSystemError(syscall: string, path: string): NodeJS.ErrnoException {
  return systemError(libc().koffi.errno(), syscall, path);
}

/** The error of a number such as `os.constants.errno` has, in the form Node gives its own system errors. */
export function systemError(errno: number, syscall: string, path: string): NodeJS.ErrnoException {
  const [code, text] = errorNames(errno);
  const error = new Error(`${code}: ${text}, ${syscall} '${path}'`);
  return Object.assign(error, { code, errno: -errno, syscall, path });
}

let knownErrors: ReturnType<typeof getSystemErrorMap> | undefined;

function errorNames(errno: number): [code: string, text: string] {
  // Node makes the whole map anew each time it is asked for.
  knownErrors ??= getSystemErrorMap();
  const [code, text] = knownErrors.get(-errno) ?? otherErrors[errno] ?? [];
  return [code ?? `E${errno}`, text ?? 'unknown error'];
}

/** Errors libuv has no name for. */
const otherErrors: Record<number, [code: string, text: string] | undefined> = {
  15: ['ENOTBLK', 'block device required'],
  61: ['ENODATA', 'no data available'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
};
