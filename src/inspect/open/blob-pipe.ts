import { createHash } from 'node:crypto';
import type { BlobInfo, BlobWriter } from '../../content/blob-store.ts';
import { checkBlob } from '../../content/verified-stream.ts';
import { type BlobDigest, digestFromHex } from '../../core/digest.ts';
import { CanceledError, IntegrityError } from '../../core/errors.ts';

/** Opens the writer that a download fills; a second one is asked for when what came first was wrong. */
type CreateWriter = () => Promise<BlobWriter>;

/**
 * The bytes of a download as they arrive: the writer takes the next piece when the last one was read, so that a
 * layer passes from a registry through memory. The download may break and be resumed, but not start over:
 * bytes that were read cannot be taken back.
 * @param download ends when all bytes are written, or fails
 * @throws what the download throws
 */
export async function* pipeDownload(
  download: (create: CreateWriter, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stopped = new AbortController();
  const handOver = openHandOver();
  const running = download(singleWriter(handOver.give), AbortSignal.any([signal, stopped.signal])).finally(
    handOver.end,
  );
  // Reported below, when all that came before it was read.
  running.catch(() => undefined);
  try {
    for (let chunk = await handOver.take(); chunk !== undefined; chunk = await handOver.take()) yield chunk;
    await running;
  } finally {
    stopped.abort();
    handOver.end();
    await running.catch(() => undefined);
  }
}

function singleWriter(give: (chunk: Uint8Array) => Promise<void>): CreateWriter {
  let wrong: unknown;
  let isOpened = false;
  return async () => {
    if (isOpened)
      throw wrong ?? new IntegrityError('digest-mismatch', 'the bytes are not what their name says');
    isOpened = true;
    const hash = createHash('sha256');
    let size = 0;
    return {
      get size() {
        return size;
      },
      async write(chunk) {
        hash.update(chunk);
        size += chunk.length;
        await give(chunk);
      },
      async commit(want = {}) {
        const info: BlobInfo = { digest: digestFromHex<BlobDigest>(hash.digest('hex')), size };
        try {
          checkBlob(want, info);
        } catch (error) {
          wrong = error;
          throw error;
        }
        return info;
      },
      async abort() {},
    };
  };
}

/** One piece at a time from the one who gives to the one who takes; a piece is in use until the next is asked for. */
function openHandOver() {
  let isEnded = false;
  let offer: { readonly chunk: Uint8Array; readonly done: () => void } | undefined;
  let isTaken = false;
  let wake = () => {};
  return {
    give(chunk: Uint8Array): Promise<void> {
      if (isEnded) return Promise.reject(new CanceledError());
      return new Promise((done) => {
        offer = { chunk, done };
        isTaken = false;
        wake();
      });
    },
    async take(): Promise<Uint8Array | undefined> {
      if (isTaken) {
        offer?.done();
        offer = undefined;
      }
      while (offer === undefined && !isEnded) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      isTaken = true;
      return offer?.chunk;
    },
    end(): void {
      isEnded = true;
      offer?.done();
      wake();
    },
  };
}
