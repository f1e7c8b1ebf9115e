/**
 * Large blobs in pieces, several at once: one connection rarely gets all that a line has. Pieces wait in
 * memory for their turn, so that the blob is hashed in order and what is on the disk is always its beginning.
 */
import type { BlobInfo, BlobWriter } from '../../content/blob-store.ts';
import type { Limiter } from '../../core/limiter.ts';
import type { Repository } from '../repository.ts';
import type { Answer } from '../transport/answer.ts';
import { brokenError } from '../transport/connect-error.ts';
import { assertStart, type ByteRange, requestRange, worthwhileBytes } from './range.ts';

const pieceBytes = 8 << 20;
/** Of one blob. */
const piecesAtOnce = 4;

/**
 * Writes as much of what is missing as comes in pieces: all of it, unless the server does not know ranges or
 * forgets about them on the way.
 *
 * @param pieces those that are on their way or in memory at once, over all downloads
 * @param onProgress told the bytes that have arrived
 * @throws RemoteError; CanceledError
 */
export async function fetchInPieces(
  repository: Repository,
  want: BlobInfo,
  writer: BlobWriter,
  pieces: Limiter,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const [first, ...others] = cut(writer.size, want.size);
  if (first === undefined) return;
  const opened = await repository.retrying(() => requestRange(repository, want, first));
  if (opened.status !== 206) return opened.discard();

  const stopped = new AbortController();
  const lane = repository.within(AbortSignal.any([repository.signal, stopped.signal]));
  let arrived = writer.size;
  const onBytes = (bytes: number) => {
    arrived += bytes;
    onProgress(arrived);
  };
  let earlier: Promise<unknown> = Promise.resolve();
  /** The first one: what it stops fails as well. */
  let failure: { readonly error: unknown } | undefined;
  /** Says whether the piece was written. */
  const fetchAndWrite = (range: Required<ByteRange>, answer?: Answer): Promise<boolean> => {
    const turn = earlier;
    // The place is given back when the piece is written: so the memory of all downloads together is bounded.
    const piece = pieces.run(async () => {
      const chunks = await fetchPiece(lane, want, range, onBytes, answer);
      await turn;
      if (chunks === undefined || writer.size !== range.from) return false;
      for (const chunk of chunks) await writer.write(chunk);
      return true;
    });
    piece.catch((error: unknown) => {
      failure ??= { error };
      stopped.abort();
    });
    earlier = piece;
    return piece;
  };

  const running = [fetchAndWrite(first, opened)];
  try {
    while (running.length > 0) {
      for (const next of others.splice(0, piecesAtOnce - running.length)) running.push(fetchAndWrite(next));
      const isWritten = await running.shift();
      if (isWritten !== true) others.length = 0;
    }
  } catch (error) {
    throw failure?.error ?? error;
  } finally {
    stopped.abort();
    await Promise.allSettled(running);
  }
}

/** Where the pieces begin and end. */
function cut(from: number, size: number): Required<ByteRange>[] {
  const ranges: Required<ByteRange>[] = [];
  for (let at = from; at < size; at += pieceBytes)
    ranges.push({ from: at, end: Math.min(at + pieceBytes, size) });
  return ranges;
}

/**
 * Undefined when the server sends something else than the piece.
 * @param opened an answer that is there already
 */
async function fetchPiece(
  repository: Repository,
  want: BlobInfo,
  { from, end }: Required<ByteRange>,
  onBytes: (bytes: number) => void,
  opened: Answer | undefined,
): Promise<Uint8Array[] | undefined> {
  const chunks: Uint8Array[] = [];
  let at = from;
  let answer = opened;
  const receive = async () => {
    const current = answer ?? (await requestRange(repository, want, { from: at, end }));
    answer = undefined;
    if (current.status !== 206) {
      await current.discard();
      return undefined;
    }
    assertStart(current, at);
    for await (const chunk of current.body) {
      const part = chunk.subarray(0, end - at);
      // More than was asked for: perhaps without end.
      if (part.length === 0) break;
      chunks.push(part);
      at += part.length;
      onBytes(part.length);
    }
    if (at < end) {
      const missing = `it ended after ${at - from} of ${end - from} bytes`;
      throw brokenError(current.method, current.url, new Error(missing));
    }
    return chunks;
  };
  return repository.retrying(receive, () => Math.floor(at / worthwhileBytes));
}
