/** A context that arrives as one stream: on standard input, or from a URL. */
import { closeSync, mkdirSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CanceledError, during, HostError, StrataError } from '../../core/errors.ts';
import { dockerfileLimit } from '../../dockerfile/text/decode.ts';
import { removeTrees } from '../../sys/remove-tree.ts';
import { compressionOf, decompress, magicBytes } from './decompress.ts';
import { extractTar, type TarExtractor } from './extract-tar.ts';

export type StreamedContext =
  /** An archive, unpacked into the directory; its latest member is `newest` seconds since the epoch old. */
  | { readonly kind: 'archive'; readonly directory: string; readonly newest: number }
  /** Nothing but a Dockerfile: the directory is empty. */
  | { readonly kind: 'dockerfile'; readonly directory: string; readonly dockerfile: Buffer };

const pieceBytes = 1 << 20;

/**
 * Receives a tar, plain or compressed, or a bare Dockerfile, told apart by content.
 * @param scratch a directory that is there and holds nothing called `context`; it belongs to the caller
 * @param origin what messages call the stream: `standard input`
 * @throws HostError `empty-context`, `bad-context`, `program-missing`, `disk-full`; IntegrityError for a damaged
 *   archive
 */
export async function receiveContext(
  chunks: AsyncIterable<Uint8Array>,
  scratch: string,
  origin: string,
  signal?: AbortSignal,
): Promise<StreamedContext> {
  const spool = join(scratch, 'context.stream');
  const directory = join(scratch, 'context');
  mkdirSync(directory);
  await during(`receive the context from ${origin}`, () => writeStream(chunks, spool, signal));
  if (statSync(spool).size === 0) {
    throw new HostError('empty-context', `there is nothing on ${origin}`, {
      hint: 'give it a tar of the context or a Dockerfile, or name a directory',
    });
  }
  const extractor = extractTar(directory);
  const isArchive = await extractFile(spool, extractor, signal);
  if (isArchive) {
    await removeTrees([spool]);
    return { kind: 'archive', directory, newest: extractor.newest() };
  }
  const dockerfile = readDockerfile(spool, origin);
  await removeTrees([spool]);
  return { kind: 'dockerfile', directory, dockerfile };
}

async function writeStream(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      if (signal?.aborted) throw new CanceledError();
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
}

/** Whether it was an archive; its end may only be found damaged once it was begun. */
async function extractFile(
  path: string,
  extractor: TarExtractor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const descriptor = openSync(path, 'r');
  try {
    const head = Buffer.alloc(pieceBytes);
    const length = readSync(descriptor, head, 0, 512, 0);
    const compression = compressionOf(head.subarray(0, Math.min(length, magicBytes)));
    if (compression === undefined && isZero(head.subarray(0, length))) return length === 512;
    if (compression !== undefined) await decompress(descriptor, compression, extractor.push, signal);
    else await pushFile(descriptor, head, extractor, signal);
    extractor.end();
    return extractor.isBegun();
  } catch (error) {
    if (extractor.isBegun() || !(error instanceof StrataError && error.code.startsWith('tar-'))) throw error;
    return false;
  } finally {
    closeSync(descriptor);
  }
}

async function pushFile(
  descriptor: number,
  buffer: Buffer,
  extractor: TarExtractor,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let at = 0; ; ) {
    const length = readSync(descriptor, buffer, 0, buffer.length, at);
    if (length === 0) return;
    extractor.push(buffer.subarray(0, length));
    at += length;
    await setImmediate();
    if (signal?.aborted) throw new CanceledError();
  }
}

function readDockerfile(path: string, origin: string): Buffer {
  const size = statSync(path).size;
  const bytes = size > dockerfileLimit ? undefined : readFileSync(path);
  // No text has one, most other files do.
  if (bytes !== undefined && !bytes.includes(0)) return bytes;
  throw new HostError('bad-context', `what came from ${origin} is neither a tar archive nor a Dockerfile`, {
    hint: 'pack the context with tar; gzip, bzip2, xz and zstd are understood',
  });
}

/** An archive without members is nothing but its end. */
function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
