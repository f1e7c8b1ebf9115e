import { STATUS_CODES } from 'node:http';
import type { Dispatcher } from 'undici';
import { CanceledError, RemoteError } from '../../core/errors.ts';
import { readWhole } from '../../core/read-whole.ts';
import { redactURL } from '../shown.ts';
import { brokenError } from './connect-error.ts';
import { statusError } from './status-error.ts';

/** A response, whose body is read as it comes. */
export interface Answer {
  readonly method: string;
  /** Where it came from in the end. */
  readonly url: URL;
  readonly status: number;
  header(name: string): string | undefined;
  /** Fails with a TransientError when the connection breaks or falls silent. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Reads what nobody wants, so that the connection can be used again. */
  discard(): Promise<void>;
}

/** What undici gives, as an answer. */
export function answerOf(
  method: string,
  url: URL,
  response: Dispatcher.ResponseData,
  signal: AbortSignal,
): Answer {
  return {
    method,
    url,
    status: response.statusCode,
    header(name) {
      const value = response.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: {
      async *[Symbol.asyncIterator]() {
        const chunks = response.body[Symbol.asyncIterator]();
        try {
          for (;;) {
            const chunk = await chunks.next().catch((error: unknown) => {
              throw signal.aborted ? new CanceledError() : brokenError(method, url, error);
            });
            if (chunk.done === true) return;
            yield chunk.value as Uint8Array;
          }
        } finally {
          response.body.destroy();
        }
      },
    },
    async discard() {
      await response.body.dump({ limit: 64 << 10 }).catch(() => undefined);
    },
  };
}

/** Reads a whole body of at most `limit` bytes. @throws RemoteError `registry-protocol` when there is more */
export function readBody(answer: Answer, limit: number): Promise<Buffer> {
  return readWhole(answer.body, limit, () =>
    protocolError(answer, `the answer is longer than ${limit} bytes`),
  );
}

/** The answer breaks the protocol: RemoteError `registry-protocol`. `what` ends its message. */
export function protocolError({ method, url }: Answer, what: string): RemoteError {
  return new RemoteError('registry-protocol', `${method} ${redactURL(url)}: ${what}`);
}

/** The error that an unwanted status is; reads the body for the registry's own words. */
export async function refusal(answer: Answer): Promise<Error> {
  const body = await readBody(answer, 64 << 10).catch(() => Buffer.alloc(0));
  return statusError({
    method: answer.method,
    url: answer.url,
    status: answer.status,
    statusText: STATUS_CODES[answer.status] ?? '',
    body: body.toString('utf8'),
    header: (name) => answer.header(name),
  });
}
