import type { BlobStore } from '../../content/blob-store.ts';
import { counted } from '../../core/counted.ts';
import { RemoteError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Repository } from '../repository.ts';
import type { Answer } from '../transport/answer.ts';
import { sendChunks } from './upload-chunks.ts';
import { finalURL } from './upload-location.ts';

export interface UploadOptions {
  /** A repository of the same registry that has the blob. */
  readonly mountFrom: string | undefined;
  /** Brings the blob into the store if it is not there; called when it has to be sent. */
  readonly bring: ((blob: Descriptor) => Promise<void>) | undefined;
  /** Blobs over this many bytes go in pieces of it; 0 sends every blob in one. */
  readonly chunkBytes: number;
  /** Called with the bytes of this blob that are on their way; falls back when a try starts over. */
  readonly onProgress: (bytes: number) => void;
}

export type UploadResult = 'sent' | 'mounted' | 'skipped';

/** Pieces for a registry (or a proxy before it) that found the whole too large. */
const fallbackChunkBytes = 8 << 20;

/**
 * Brings a blob into a repository, unless it is there (distribution-spec, "Pushing blobs").
 * @throws RemoteError; IntegrityError `blob-damaged`, `blob-missing` when our own copy is no good
 */
export async function uploadBlob(
  repository: Repository,
  blob: Descriptor,
  blobs: BlobStore,
  options: UploadOptions,
): Promise<UploadResult> {
  let { chunkBytes } = options;
  return repository.retrying(async () => {
    if (await isThere(repository, blob)) return 'skipped';
    const started = await startUpload(repository, blob, options.mountFrom);
    if (started.status === 201) return 'mounted';
    await options.bring?.(blob);
    if (chunkBytes > 0 && blob.size > chunkBytes) {
      await sendChunks(repository, blob, blobs, started, chunkBytes, options.onProgress);
      return 'sent';
    }
    try {
      await sendWhole(repository, blob, blobs, started, options);
    } catch (error) {
      const isTooLarge = error instanceof RemoteError && error.code === 'registry-too-large';
      if (!isTooLarge || blob.size <= fallbackChunkBytes) throw error;
      chunkBytes = fallbackChunkBytes;
      const again = await startUpload(repository, blob, undefined);
      await sendChunks(repository, blob, blobs, again, chunkBytes, options.onProgress);
    }
    return 'sent';
  });
}

async function isThere(repository: Repository, blob: Descriptor): Promise<boolean> {
  const url = repository.url(`blobs/${blob.digest}`);
  const answer = await repository.send([200, 404], { method: 'HEAD', url });
  await answer.discard();
  return answer.status === 200;
}

/** 201 says that the blob was taken over from the other repository, 202 where to send it. */
async function startUpload(
  repository: Repository,
  blob: Descriptor,
  mountFrom: string | undefined,
): Promise<Answer> {
  const url = repository.url('blobs/uploads/');
  if (mountFrom !== undefined) {
    url.searchParams.set('mount', blob.digest);
    url.searchParams.set('from', mountFrom);
  }
  const answer = await repository.send([201, 202], {
    method: 'POST',
    url,
    headers: { 'content-length': '0' },
  });
  await answer.discard();
  return answer;
}

async function sendWhole(
  repository: Repository,
  blob: Descriptor,
  blobs: BlobStore,
  started: Answer,
  { onProgress }: UploadOptions,
): Promise<void> {
  const answer = await repository.send([201, 204], {
    method: 'PUT',
    isSlow: true,
    url: finalURL(started, blob),
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) },
    body: () => counted(blobs.open(blob), onProgress),
  });
  await answer.discard();
}
