import { open, openSync, realpathSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { CanceledError, diskFull, HostError, systemCode } from '../core/errors.ts';
import { openAsideFile } from './aside-file.ts';
import { bytesOf, type Piece } from './pieces.ts';
import { placePieces, writeBytes } from './write-pieces.ts';

/** Where one stream of bytes goes. */
export type StreamDestination =
  | { readonly kind: 'file'; readonly path: string }
  /** Standard output: written with backpressure, left open. */
  | { readonly kind: 'stream'; readonly stream: Writable };

/**
 * Writes an output. A file is written aside in its own directory and renamed, so that a failure leaves
 * neither a part nor harm to what was there; it is not flushed to the disk, since it can be made again. A
 * device or pipe that exists under the name is written to as it is.
 *
 * @throws HostError `output-unusable`, `disk-full`; CanceledError; whatever `pieces` throws
 */
export async function writeStream(
  destination: StreamDestination,
  pieces: AsyncIterable<Piece>,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (destination.kind === 'file') await writeFile(destination.path, pieces, signal);
    else await writeThrough(destination.stream, bytesOf(pieces), signal);
  } catch (error) {
    if (signal.aborted) throw new CanceledError();
    throw outputError(error, destination.kind === 'file' ? destination.path : 'standard output');
  }
}

/**
 * Sees before anything is built whether the output will have a place.
 * @throws HostError `output-unusable`
 */
export function checkDestination(destination: StreamDestination): void {
  if (destination.kind !== 'file') return;
  try {
    inspectTarget(destination.path);
  } catch (error) {
    throw outputError(error, destination.path);
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

async function writeFile(given: string, pieces: AsyncIterable<Piece>, signal: AbortSignal): Promise<void> {
  const { path, isPlain } = inspectTarget(given);
  // A pipe opens when somebody reads it, which may take a while.
  if (!isPlain) return writeBytes(await openLater(path, 'w'), bytesOf(pieces), signal);
  const aside = openAsideFile(path);
  try {
    await placePieces(openSync(aside.path, 'r+'), pieces, signal);
    renameSync(aside.path, path);
  } catch (error) {
    rmSync(aside.path, { force: true });
    throw error;
  } finally {
    aside.release();
  }
}

const openLater = promisify(open);

/** Follows a symlink at the destination, so that the file it names is replaced and not the link. */
function inspectTarget(path: string): { path: string; isPlain: boolean } {
  const found: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    // Fails when the directory is not there, before anything is made.
    statSync(dirname(path));
    return { path, isPlain: true };
  }
  if (found.isDirectory()) {
    throw new HostError('output-unusable', `cannot write the output to "${path}": it is a directory`, {
      hint: 'name a file in it; tar=false writes type=oci and type=docker as a directory',
    });
  }
  return { path: realpathSync(path), isPlain: found.isFile() };
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
