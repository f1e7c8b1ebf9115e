import type { BlobInfo, BlobStore, BlobWriter } from '../content/blob-store.ts';
import { IntegrityError, RemoteError } from '../core/errors.ts';
import type { Answer } from './answer.ts';
import { brokenError, redactURL } from './registry-error.ts';
import type { Repository } from './repository.ts';

/** Called with the bytes that have arrived; falls back when a download starts over. */
export type OnProgress = (bytes: number) => void;

/**
 * Downloads a blob into the store, where it appears only when size and digest are right. A connection
 * that breaks is taken up again where it stopped.
 * @throws IntegrityError `digest-mismatch` when the bytes are wrong twice; RemoteError; CanceledError
 */
export async function downloadBlob(
  repository: Repository,
  want: BlobInfo,
  blobs: BlobStore,
  onProgress: OnProgress,
): Promise<void> {
  const once = async () => {
    const writer = await blobs.create();
    try {
      let mayResume = true;
      const receive = async () => {
        const from = mayResume ? writer.size : 0;
        const answer = await requestBlob(repository, want, from);
        if (answer.status === 416) {
          mayResume = false;
          throw brokenError(answer.method, answer.url, new Error('the rest was refused'));
        }
        await receiveBlob(answer, from, want, writer, onProgress);
      };
      await repository.retrying(receive, () => Math.floor(writer.size / worthwhileBytes));
      await writer.commit(want);
    } finally {
      await writer.abort();
    }
  };
  try {
    await once();
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    // Bytes do get flipped on their way; a second time it is what the server has.
    onProgress(0);
    await once().catch((again: unknown) => {
      throw again instanceof IntegrityError ? deliveredWrong(repository, want, again) : again;
    });
  }
}

/** Tries are counted anew only after this much, so that no server can feed us single bytes for ever. */
const worthwhileBytes = 256 << 10;

function requestBlob(repository: Repository, want: BlobInfo, from: number): Promise<Answer> {
  const headers = from === 0 ? {} : { range: `bytes=${from}-` };
  return repository.send([200, 206, ...(from === 0 ? [] : [416])], {
    method: 'GET',
    url: repository.url(`blobs/${want.digest}`),
    headers,
  });
}

async function receiveBlob(
  answer: Answer,
  from: number,
  want: BlobInfo,
  writer: BlobWriter,
  onProgress: OnProgress,
): Promise<void> {
  // A server that knows no ranges sends the whole again.
  let skip = writer.size - startOf(answer, from);
  for await (const chunk of answer.body) {
    const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - fresh.length;
    if (fresh.length === 0) continue;
    if (writer.size + fresh.length > want.size) {
      throw new IntegrityError('size-mismatch', `${want.digest} should have ${want.size} bytes and has more`);
    }
    await writer.write(fresh);
    onProgress(writer.size);
  }
  if (writer.size < want.size) {
    const missing = `it ended after ${writer.size} of ${want.size} bytes`;
    throw brokenError(answer.method, answer.url, new Error(missing));
  }
}

/** Where in the blob the bytes of an answer begin. */
function startOf(answer: Answer, from: number): number {
  if (answer.status === 200) return 0;
  const range = answer.header('content-range') ?? '';
  const start = /^bytes ([0-9]+)-/.exec(range)?.[1];
  if (start !== undefined && Number(start) === from) return from;
  throw new RemoteError(
    'registry-protocol',
    `${answer.method} ${redactURL(answer.url)}: asked for bytes from ${from} on, got "${range}"`,
  );
}

function deliveredWrong(repository: Repository, want: BlobInfo, cause: IntegrityError): IntegrityError {
  const message = `${repository.endpoint.base.host} delivered a damaged ${want.digest}: ${cause.message}`;
  return new IntegrityError(cause.code, message, {
    hint: 'the copy in the registry is damaged: push the image again, or use another tag or mirror',
    cause,
  });
}
