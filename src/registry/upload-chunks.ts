import type { BlobStore } from '../content/blob-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Answer } from './answer.ts';
import type { Repository } from './repository.ts';
import { finalURL, locationOf, protocolError } from './upload-location.ts';

/**
 * Sends a blob in pieces of `chunkBytes`, or of what the registry wants at least (distribution-spec,
 * "Pushing a blob in chunks"). One piece is held in memory.
 * @param started the answer that opened the upload
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
  for await (const chunk of inChunks(blobs.open(blob), Math.max(chunkBytes, least))) {
    last = await sendChunk(repository, last, chunk, sent);
    sent += chunk.length;
    onProgress(sent);
  }
  const answer = await repository.send([201, 204], {
    method: 'PUT',
    isSlow: true,
    url: finalURL(last, blob),
    headers: { 'content-length': '0' },
  });
  await answer.discard();
}

/** Sends one piece; after a broken connection only what the registry has not got of it. */
function sendChunk(repository: Repository, last: Answer, chunk: Uint8Array, offset: number): Promise<Answer> {
  let at = last;
  let isFirstTry = true;
  return repository.retrying(async () => {
    let rest = chunk;
    if (!isFirstTry) {
      at = await repository.send([204], { method: 'GET', url: locationOf(at) });
      await at.discard();
      rest = chunk.subarray(receivedBytes(at, offset, chunk.length));
      if (rest.length === 0) return at;
    }
    isFirstTry = false;
    const start = offset + chunk.length - rest.length;
    const answer = await repository.send([202], {
      method: 'PATCH',
      url: locationOf(at),
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(rest.length),
        'content-range': `${start}-${start + rest.length - 1}`,
      },
      body: () => rest,
    });
    await answer.discard();
    return answer;
  });
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
