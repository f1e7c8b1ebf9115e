import type { BlobStore } from '../../content/blob-store.ts';
import { RemoteError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Repository } from '../repository.ts';
import { type Answer, protocolError } from '../transport/answer.ts';
import { TransientError } from '../transport/transient-error.ts';
import { finalURL, locationOf } from './upload-location.ts';

/**
 * Sends a blob in pieces of `chunkBytes`, or of what the registry wants at least (distribution-spec,
 * "Pushing a blob in chunks"). One piece is held in memory.
 * @param started the answer that opened the upload
 * @throws TransientError when the registry no longer knows an upload that broke off: another one may do better
 */
export async function sendChunks(
  repository: Repository,
  blob: Descriptor,
  blobs: BlobStore,
  started: Answer,
  chunkBytes: number,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const least = Number(started.header('oci-chunk-min-length') ?? 0);
  let last = started;
  let sent = 0;
  try {
    for await (const chunk of inChunks(blobs.open(blob), Math.max(chunkBytes, least))) {
      last = await sendChunk(repository, last, chunk, sent);
      sent += chunk.length;
      onProgress(sent);
    }
  } catch (error) {
    throw error instanceof LostUpload ? new TransientError(error.failure) : error;
  }
  const answer = await repository.send([201, 204], {
    method: 'PUT',
    isSlow: true,
    url: finalURL(last, blob),
    headers: { 'content-length': '0' },
  });
  await answer.discard();
}

/** What broke off cannot be gone on with: nobody need ask again how far it came. */
class LostUpload extends Error {
  readonly failure: RemoteError;
  constructor(failure: RemoteError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A registry may forget an upload whose connection broke, as docker-registry does, or know it under no address of ours. */
function lostUpload(error: unknown): unknown {
  const isLost =
    error instanceof RemoteError && ['registry-not-found', 'registry-refused'].includes(error.code);
  return isLost ? new LostUpload(error) : error;
}

/** Sends one piece; after a broken connection only what the registry has not got of it. */
function sendChunk(repository: Repository, last: Answer, chunk: Uint8Array, offset: number): Promise<Answer> {
  let isFirstTry = true;
  return repository.retrying(async () => {
    if (isFirstTry) {
      isFirstTry = false;
      return patch(repository, last, chunk, offset);
    }
    try {
      const status = await repository.send([204], { method: 'GET', url: locationOf(last) });
      await status.discard();
      const received = receivedBytes(status, offset, chunk.length);
      if (received === chunk.length) return status;
      return await patch(repository, status, chunk.subarray(received), offset + received);
    } catch (error) {
      throw lostUpload(error);
    }
  });
}

async function patch(
  repository: Repository,
  last: Answer,
  bytes: Uint8Array,
  offset: number,
): Promise<Answer> {
  const answer = await repository.send([202], {
    method: 'PATCH',
    url: locationOf(last),
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      'content-range': `${offset}-${offset + bytes.length - 1}`,
    },
    body: () => bytes,
  });
  await answer.discard();
  return answer;
}

/** How much of the piece at `offset` the registry has, from its `Range: 0-LAST`. */
function receivedBytes(status: Answer, offset: number, length: number): number {
  const range = status.header('range') ?? '';
  const last = /^(?:bytes=)?0-([0-9]+)$/.exec(range)?.[1];
  const end = last === undefined ? 0 : Number(last) + 1;
  // A registry that has nothing yet says 0-0 as well as one that has a single byte.
  const received = (end === 1 ? 0 : end) - offset;
  if (received >= 0 && received <= length) return received;
  throw protocolError(
    status,
    `an upload that should stand between ${offset} and ${offset + length} is at "${range}"`,
  );
}

async function* inChunks(
  source: AsyncIterable<Uint8Array>,
  chunkBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let buffer = Buffer.allocUnsafeSlow(chunkBytes);
  let filled = 0;
  for await (const piece of source) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + chunkBytes - filled);
      buffer.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < chunkBytes) continue;
      yield buffer;
      buffer = Buffer.allocUnsafeSlow(chunkBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}
