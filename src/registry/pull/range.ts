/** Parts of blobs (RFC 9110, 14; distribution-spec, "Pulling blobs"). */
import type { BlobInfo } from '../../content/blob-store.ts';
import type { Repository } from '../repository.ts';
import { type Answer, protocolError } from '../transport/answer.ts';

/**
 * Tries are counted anew only after so many more bytes have arrived, so that no server can feed us single ones
 * for ever.
 */
export const worthwhileBytes = 256 << 10;

export interface ByteRange {
  readonly from: number;
  /** The first byte that is not wanted; undefined for all that comes. */
  readonly end?: number;
}

/** Asks for a part of a blob. The answer is 206, 200 with the whole, or 416. */
export function requestRange(
  repository: Repository,
  blob: BlobInfo,
  { from, end }: ByteRange,
): Promise<Answer> {
  const isWhole = from === 0 && end === undefined;
  const headers = isWhole ? {} : { range: `bytes=${from}-${end === undefined ? '' : end - 1}` };
  return repository.send([200, 206, ...(isWhole ? [] : [416])], {
    method: 'GET',
    url: repository.url(`blobs/${blob.digest}`),
    headers,
  });
}

/**
 * Where in the blob the bytes of an answer begin.
 * @throws RemoteError `registry-protocol` when it is another place than was asked for
 */
export function assertStart(answer: Answer, from: number): number {
  if (answer.status === 200) return 0;
  const range = answer.header('content-range') ?? '';
  const start = /^bytes ([0-9]+)-/.exec(range)?.[1];
  if (start !== undefined && Number(start) === from) return from;
  throw protocolError(answer, `asked for bytes from ${from} on, got "${range}"`);
}
