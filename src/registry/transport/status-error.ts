/** Answers that nobody wanted, as errors that say who, what, why and what next. */
import { RemoteError } from '../../core/errors.ts';
import { printable, printSpan, redactURL } from '../shown.ts';
import { TransientError } from './transient-error.ts';

/** A server that answered with a status nobody wanted. */
export interface BadAnswer {
  readonly method: string;
  readonly url: URL;
  readonly status: number;
  readonly statusText: string;
  /** As much of the body as is worth reading. */
  readonly body: string;
  readonly header: (name: string) => string | undefined;
}

const hints: Readonly<Record<number, readonly [code: string, hint: string | undefined]>> = {
  401: ['registry-unauthorized', undefined],
  403: ['registry-denied', 'the account may lack the right to this repository, or the name is wrong'],
  404: [
    'registry-not-found',
    'check the name; without the right credentials a private image looks like a missing one',
  ],
  413: ['registry-too-large', undefined],
  429: ['registry-rate-limited', 'wait, log in for a higher limit, or name a mirror with --registry-mirror'],
};

/** The error for a status, wrapped when trying again may help. */
export function statusError(answer: BadAnswer): RemoteError | TransientError {
  const { method, url, status, statusText } = answer;
  const [code, hint] =
    hints[status] ?? (status >= 500 ? ['registry-failed', 'try again later'] : ['registry-refused']);
  const retryAfterMs = parseRetryAfter(answer.header('retry-after'), Date.now());
  const said = [registryWords(answer.body), status === 429 ? limitWords(answer) : ''];
  const message = [
    `${method} ${redactURL(url)}: ${status} ${statusText}`,
    ...said.filter((part) => part !== ''),
  ];
  const error = new RemoteError(code ?? 'registry-refused', message.join(': '), { hint });
  const isTransient = status === 408 || status === 429 || status >= 500;
  return isTransient ? new TransientError(error, retryAfterMs) : error;
}

/** What to do about a 401 depends on whether the registry was told who asks. Other errors stay as they are. */
export function withLogInHint(error: unknown, registry: string, wasTold: boolean): unknown {
  if (!(error instanceof RemoteError) || error.code !== 'registry-unauthorized') return error;
  const login = `\`strata login ${registry}\``;
  const hint = wasTold
    ? `it does not take the user name and password that are kept for it: log in anew with ${login}`
    : `log in with ${login}; a registry may answer so for a name that it does not have, too`;
  return new RemoteError(error.code, error.message, { hint, cause: error.cause });
}

/** What a registry lets one client do: `ratelimit-limit: 100;w=21600`, as Docker Hub says it. */
function limitWords({ header }: BadAnswer): string {
  const [, count, seconds] = /^([0-9]+)(?:;w=([0-9]+))?/.exec(header('ratelimit-limit') ?? '') ?? [];
  if (count === undefined) return '';
  return `it allows ${count} requests${seconds === undefined ? '' : ` in ${printSpan(Number(seconds) * 1000)}`}`;
}

/** `CODE: message` of each error in the body (distribution-spec, "Error Codes"), fit to be shown. */
function registryWords(body: string): string {
  let errors: unknown;
  try {
    const document: unknown = JSON.parse(body);
    if (typeof document === 'object' && document !== null) {
      errors =
        'errors' in document ? document.errors : 'details' in document ? [{ message: document.details }] : [];
    }
  } catch {
    return '';
  }
  const words = (Array.isArray(errors) ? errors : []).map(
    (error: { code?: unknown; message?: unknown } | null) =>
      [error?.code, error?.message].filter((word) => typeof word === 'string' && word !== '').join(': '),
  );
  return printable(words.filter((word) => word !== '').join('; '));
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
