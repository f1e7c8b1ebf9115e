/** HTTP as registries need it: redirects that keep credentials home, timeouts, errors that name the server. */
import { STATUS_CODES } from 'node:http';
import { CanceledError, type RemoteError, StrataError, systemCode } from '../../core/errors.ts';
import type { RegistryClientOptions, Timing } from '../options.ts';
import { redactURL } from '../shown.ts';
import { type Answer, answerOf, protocolError } from './answer.ts';
import { brokenError, connectError } from './connect-error.ts';
import { openConnections } from './connections.ts';
import { isNamedInsecure } from './endpoint.ts';
import { openIdentities } from './identity.ts';

/** A request, which may be sent more than once. */
export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each try. */
  readonly body?: () => AsyncIterable<Uint8Array> | Uint8Array;
  /** The body is a secret: a redirect to another server is refused. */
  readonly staysHome?: boolean;
  /** The server may have to read and move all that it was sent before it answers. */
  readonly isSlow?: boolean;
  /** Only to see whether somebody is there: whoever it may be. */
  readonly isProbe?: boolean;
  readonly signal: AbortSignal;
}

/** The connections to all servers. */
export interface Transport {
  /**
   * Sends a request and follows redirects. Any status is an answer.
   * @throws RemoteError, TransientError when there is no answer; CanceledError
   */
  send(request: Request): Promise<Answer>;
  /** Whether certificates were laid down for this host alone. */
  hasFilesFor(host: string): boolean;
  /** Closes idle connections; those in use end with their answers. */
  close(): Promise<void>;
}

const maxRedirects = 5;
/** How much more time than others a slow request gets for its answer. */
const slowFactor = 10;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Its requests throw HostError `bad-ca-file`, `bad-client-certificate` and UsageError `bad-proxy` too. */
export function openTransport(
  options: Pick<RegistryClientOptions, 'insecure' | 'trust' | 'proxy' | 'userAgent'>,
  timing: Timing,
): Transport {
  const isBelieved = (host: string) => isNamedInsecure(host, options.insecure);
  const identityOf = openIdentities(options.trust);
  const connections = openConnections(options.proxy, identityOf, isBelieved, timing);

  const sendOnce = async (request: Request, url: URL, headers: Readonly<Record<string, string>>) => {
    const { dispatcher, proxy } = await connections.to(url, request.isProbe === true);
    try {
      const response = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: { 'user-agent': options.userAgent, 'accept-encoding': 'identity', ...headers },
        body: (request.body?.() ?? null) as Uint8Array | null,
        signal: request.signal,
        ...(request.isSlow === true ? { headersTimeout: timing.idleMs * slowFactor } : {}),
      });
      return answerOf(request.method, url, response, request.signal);
    } catch (error) {
      if (request.signal.aborted) throw new CanceledError();
      if (error instanceof StrataError) throw error;
      throw isBroken(error) ? brokenError(request.method, url, error) : connectError(url, proxy, error);
    }
  };

  return {
    async send(request) {
      let url = request.url;
      let headers = request.headers ?? {};
      for (let hops = 0; ; hops++) {
        const answer = await sendOnce(request, url, headers);
        const location = answer.header('location');
        if (!redirects.has(answer.status) || location === undefined) return answer;
        await answer.discard();
        if (hops === maxRedirects) throw badRedirect(answer, `more than ${maxRedirects} redirects`);
        const next = redirectTarget(answer, location);
        if (next.origin !== url.origin) {
          if (request.staysHome === true) throw badRedirect(answer, `a redirect to ${redactURL(next)}`);
          headers = withoutCredentials(headers);
        }
        url = next;
      }
    },
    hasFilesFor: (host) => identityOf(host).key !== '',
    close: () => connections.close(),
  };
}

/** Whether it went wrong after the connection stood. */
function isBroken(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  return /^(ECONNRESET|EPIPE|HPE_|UND_ERR_(?!CONNECT_TIMEOUT))/.test(code);
}

function redirectTarget(answer: Answer, location: string): URL {
  let next: URL;
  try {
    next = new URL(location, answer.url);
  } catch {
    throw badRedirect(answer, 'a redirect to something that is no URL');
  }
  // A body may only be sent again where the status says so; registries redirect reads alone.
  const mayRepeat = answer.method === 'GET' || answer.method === 'HEAD' || answer.status >= 307;
  if (!/^https?:$/.test(next.protocol) || !mayRepeat)
    throw badRedirect(answer, `a redirect to ${redactURL(next)}`);
  return next;
}

function badRedirect(answer: Answer, what: string): RemoteError {
  return protocolError(answer, `${answer.status} ${STATUS_CODES[answer.status]}: ${what}`);
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
  );
}
