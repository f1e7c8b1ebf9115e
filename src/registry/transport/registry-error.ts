/** What can go wrong with a server, as errors that say who, what, why and what next. */
import { RemoteError, systemCode } from '../../core/errors.ts';
import { isLoopback } from './endpoint.ts';

/** A failure that the same request may not meet again. */
export class TransientError extends Error {
  /** What to report when trying again is over. */
  readonly failure: RemoteError;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(failure: RemoteError, retryAfterMs?: number) {
    super(failure.message);
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Without user, password and query: signed URLs carry secrets there. */
export function redactURL(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

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

/** Roughly: `45 s`, `10 min`, `6 h`. */
export function printSpan(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
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

const longestWords = 500;

/** Text of a stranger: no control characters, no novels. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  const clean = text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ');
  return clean.length > longestWords ? `${clean.slice(0, longestWords)}…` : clean;
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const reasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ECONNREFUSED: ['connection refused', 'check that the registry runs and that the port is right'],
  ENOTFOUND: ['no such host', 'check the name of the registry and the DNS settings'],
  EAI_AGAIN: ['the name could not be looked up', 'check the network and the DNS settings'],
  EHOSTUNREACH: ['no route to the host', 'check the network'],
  ENETUNREACH: ['the network is unreachable', 'check the network'],
  UND_ERR_CONNECT_TIMEOUT: ['no connection in time', 'check the network, a proxy or a firewall between'],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'it does not speak TLS',
    'name it with --insecure-registry to use plain HTTP',
  ],
  EPROTO: ['it does not speak TLS', 'name it with --insecure-registry to use plain HTTP'],
};

const distrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const clockHint = 'whoever runs the registry has to renew it, unless the clock of this machine is wrong';
const certificateHint = 'call the registry by a name that its certificate is for';

/** No connection, or none that could be trusted. */
export function connectError(url: URL, proxy: URL | undefined, cause: unknown): RemoteError | TransientError {
  const code = innermostCode(cause) ?? '';
  const via = proxy === undefined ? '' : ` through the proxy ${proxy.host}`;
  const who = `cannot reach the registry at ${url.hostname}:${portOf(url)}${via}`;
  if (distrusted.has(code)) {
    const hint = `put the authority that signed it into /etc/docker/certs.d/${url.host}/ca.crt, or name its file in "ca-files" of the configuration`;
    return new RemoteError('registry-untrusted', `${who}: its certificate is signed by nobody we trust`, {
      hint,
      cause,
    });
  }
  if (/^(CERT_|ERR_TLS_CERT)/.test(code)) {
    return new RemoteError(
      'registry-untrusted',
      `${who}: its certificate is not valid: ${messageOf(cause)}`,
      { hint: /EXPIRED|NOT_YET/.test(code) ? clockHint : certificateHint, cause },
    );
  }
  const [reason, hint] = reasons[code] ?? [messageOf(cause), undefined];
  const error = new RemoteError('registry-unreachable', `${who}: ${reason}`, { hint, cause });
  return isHopeless(code, proxy ?? url) ? error : new TransientError(error);
}

/** Whether it would be the same a few seconds later: on this machine somebody listens or nobody does. */
function isHopeless(code: string, { host }: URL): boolean {
  if (code === 'ECONNREFUSED') return isLoopback(host);
  return code === 'ENOTFOUND' || code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER';
}

/** A connection that broke, or on which nothing came any more. */
export function brokenError(method: string, url: URL, cause: unknown): TransientError {
  const code = systemCode(cause) ?? '';
  const reason = /TIMEOUT/.test(code)
    ? 'the server fell silent'
    : `the connection broke: ${messageOf(cause)}`;
  const message = `${method} ${redactURL(url)}: ${reason}`;
  return new TransientError(new RemoteError('registry-interrupted', message, { cause, hint: 'try again' }));
}

function portOf(url: URL): string {
  return url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
}

/** Failures to connect to several addresses of a host come as a bundle. */
function innermostCode(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return innermostCode(error.errors[0]);
  return (
    systemCode(error) ??
    (error instanceof Error && error.cause !== undefined ? innermostCode(error.cause) : undefined)
  );
}

function messageOf(error: unknown): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const text = inner instanceof Error ? inner.message || inner.name : String(inner);
  const cause = inner instanceof Error ? inner.cause : undefined;
  return printable(cause instanceof Error && text === 'terminated' ? cause.message : text);
}
