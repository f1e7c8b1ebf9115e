/** Servers that cannot be reached, and connections that break, as errors that say who, why and what next. */
import { RemoteError, systemCode } from '../../core/errors.ts';
import { printable, redactURL } from '../shown.ts';
import { isLoopback } from './endpoint.ts';
import { TransientError } from './transient-error.ts';

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
