import type { BlobInfo, BlobStore, BlobWriter, PartialWriter } from '../../content/blob-store.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { Limiter } from '../../core/limiter.ts';
import type { Repository } from '../repository.ts';
import { brokenError } from '../transport/connect-error.ts';
import { fetchInPieces } from './fetch-pieces.ts';
import { assertStart, requestRange, worthwhileBytes } from './range.ts';

/** Called with the bytes that have arrived; falls back when a download starts over. */
export type OnProgress = (bytes: number) => void;

export interface DownloadServices {
  readonly blobs: BlobStore;
  /** Pieces of large blobs that are on their way or in memory at once, over all downloads. */
  readonly pieces: Limiter;
  readonly onProgress: OnProgress;
  /** Another process is downloading the same blob, and is waited for. */
  readonly onWait: () => void;
  /** What arrived, or was there from an earlier try, is not the blob: it is downloaded again. */
  readonly onDamage: () => void;
}

/** Blobs of which more than this is missing come in pieces, several at once. */
const largeBytes = 64 << 20;

/**
 * Downloads a blob into the store, where it appears only when size and digest are right. A connection
 * that breaks is taken up again where it stopped, by this process or by a later one.
 * @throws IntegrityError `digest-mismatch` when the bytes are wrong twice; RemoteError; CanceledError
 */
export async function downloadBlob(
  repository: Repository,
  want: BlobInfo,
  services: DownloadServices,
): Promise<void> {
  try {
    await downloadOnce(repository, want, services);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    // Bytes do get flipped on their way; a second time it is what the server has.
    services.onDamage();
    services.onProgress(0);
    await downloadOnce(repository, want, services).catch((again: unknown) => {
      throw again instanceof IntegrityError ? deliveredWrong(repository, want, again) : again;
    });
  }
}

async function downloadOnce(
  repository: Repository,
  want: BlobInfo,
  { blobs, pieces, onProgress, onWait }: DownloadServices,
): Promise<void> {
  const writer = await openWriter(blobs, want, repository.signal, onWait);
  if (writer === undefined) return;
  try {
    if (writer.size > 0) onProgress(writer.size);
    if (want.size - writer.size > largeBytes) {
      await fetchInPieces(repository, want, writer, pieces, onProgress);
    }
    // What is left, all of it where the server does not know ranges.
    if (writer.size < want.size || want.size === 0) await receiveAll(repository, want, writer, onProgress);
    await writer.commit(want);
  } catch (error) {
    // What turned out wrong is no beginning for anything.
    await (error instanceof IntegrityError ? writer.abort() : writer.suspend());
    throw error;
  }
}

async function openWriter(
  blobs: BlobStore,
  want: BlobInfo,
  signal: AbortSignal,
  onWait: () => void,
): Promise<PartialWriter | undefined> {
  if (blobs.resume !== undefined) return blobs.resume(want, signal, onWait);
  const writer = await blobs.create();
  return Object.assign(writer, { suspend: writer.abort });
}

/** One connection after the other until all is there. */
async function receiveAll(
  repository: Repository,
  want: BlobInfo,
  writer: BlobWriter,
  onProgress: OnProgress,
): Promise<void> {
  let mayResume = true;
  const receive = async () => {
    const from = mayResume ? writer.size : 0;
    const answer = await requestRange(repository, want, { from });
    if (answer.status === 416) {
      mayResume = false;
      throw brokenError(answer.method, answer.url, new Error('the rest was refused'));
    }
    // A server that knows no ranges sends the whole again.
    let skip = writer.size - assertStart(answer, from);
    for await (const chunk of answer.body) {
      const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length === 0) continue;
      if (writer.size + fresh.length > want.size) {
        throw new IntegrityError(
          'size-mismatch',
          `${want.digest} should have ${want.size} bytes and has more`,
        );
      }
      await writer.write(fresh);
      onProgress(writer.size);
    }
    if (writer.size < want.size) {
      const missing = `it ended after ${writer.size} of ${want.size} bytes`;
      throw brokenError(answer.method, answer.url, new Error(missing));
    }
  };
  await repository.retrying(receive, () => Math.floor(writer.size / worthwhileBytes));
}

function deliveredWrong(repository: Repository, want: BlobInfo, cause: IntegrityError): IntegrityError {
  const message = `${repository.endpoint.base.host} delivered a damaged ${want.digest}: ${cause.message}`;
  return new IntegrityError(cause.code, message, {
    hint: 'the copy in the registry is damaged: push the image again, or use another tag or mirror',
    cause,
  });
}
