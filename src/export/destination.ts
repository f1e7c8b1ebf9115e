import { randomBytes } from 'node:crypto';
import { createWriteStream, type Stats } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CanceledError, diskFull, HostError, systemCode } from '../core/errors.ts';

/** Where one stream of bytes goes. */
export type StreamDestination =
  | { readonly kind: 'file'; readonly path: string }
  /** Standard output: written with backpressure, left open. */
  | { readonly kind: 'stream'; readonly stream: Writable };

/** Big writes: a file is handed to the kernel a megabyte at a time. */
const writeAheadBytes = 1024 * 1024;

/**
 * Writes a stream. A file is written aside in its own directory and renamed, so that a failure leaves
 * neither a part nor harm to what was there; it is not flushed to the disk, since it can be made again. A
 * device or pipe that exists under the name is written to as it is.
 *
 * @throws HostError `output-unusable`, `disk-full`; CanceledError; whatever `chunks` throws
 */
export async function writeStream(
  destination: StreamDestination,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (destination.kind === 'file') await writeFile(destination.path, chunks, signal);
    else await writeThrough(destination.stream, chunks, signal);
  } catch (error) {
    if (signal.aborted) throw new CanceledError();
    throw outputError(error, destination.kind === 'file' ? destination.path : 'standard output');
  }
}

async function writeThrough(
  stream: Writable,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await pipeline(chunks, stream, { end: false, signal });
  // A stream that is not ended says only by a last write that all before it is through.
  await new Promise<void>((resolve, reject) => {
    stream.write('', (error) => (error ? reject(error) : resolve()));
  });
}

async function writeFile(
  given: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const { path, isPlain } = await inspectTarget(given);
  if (!isPlain) return pipeline(chunks, createWriteStream(path), { signal });
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = createWriteStream(aside, { flags: 'wx', highWaterMark: writeAheadBytes });
    await pipeline(chunks, file, { signal });
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** Follows a symlink at the destination, so that the file it names is replaced and not the link. */
async function inspectTarget(path: string): Promise<{ path: string; isPlain: boolean }> {
  let found: Stats;
  try {
    found = await stat(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    // Fails when the directory is not there, before anything is made.
    await stat(dirname(path));
    return { path, isPlain: true };
  }
  if (found.isDirectory()) {
    throw new HostError('output-unusable', `cannot write the output to "${path}": it is a directory`, {
      hint: 'name a file in it; tar=false writes type=oci and type=docker as a directory',
    });
  }
  return { path: await realpath(path), isPlain: found.isFile() };
}

const hints: Readonly<Record<string, string>> = {
  ENOENT: 'create the directory first',
  ENOTDIR: 'a part of the path is a file',
  EACCES: 'choose a place that you may write to',
  EROFS: 'choose a place that is not mounted read-only',
  EPIPE: 'whatever read the output stopped reading',
};

/** What the system says against writing an output, in words for the person who named the place. */
export function outputError(error: unknown, place: string): unknown {
  const code = systemCode(error);
  if (!(error instanceof Error) || code === undefined || !('syscall' in error)) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(`write ${place}`, error);
  return new HostError('output-unusable', `cannot write the output to "${place}": ${error.message}`, {
    hint: hints[code],
    cause: error,
  });
}
