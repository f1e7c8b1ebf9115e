import type { RemoteError } from '../core/errors.ts';
import type { Session } from './auth/session.ts';
import type { Answer } from './transport/answer.ts';
import type { Endpoint } from './transport/endpoint.ts';
import { type RetryPolicy, withRetries } from './transport/retry.ts';
import type { SettleScheme } from './transport/scheme.ts';
import type { Request } from './transport/transport.ts';

/** One repository as one server offers it: what pulling and pushing talk to. */
export interface Repository {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly signal: AbortSignal;
  /** The address of something in it: `manifests/latest`. */
  url(path: string): URL;
  /**
   * Sends one request.
   * @param wanted the statuses that are answers; every other one is thrown
   * @throws RemoteError, TransientError, CanceledError
   */
  send(wanted: readonly number[], request: Omit<Request, 'signal'>): Promise<Answer>;
  /** Does `work` as often as the policy allows; `progress` as in `withRetries`. */
  retrying<T>(work: () => Promise<T>, progress?: () => number): Promise<T>;
  /** The same, stopped by another signal. */
  within(signal: AbortSignal): Repository;
}

export interface RepositoryNeeds {
  readonly session: Session;
  readonly settle: SettleScheme;
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly actions: 'pull' | 'pull,push';
  /** Repositories that blobs may be taken over from. */
  readonly mountFrom?: readonly string[];
  readonly policy: RetryPolicy;
  readonly onPause: (error: RemoteError, pauseMs: number) => void;
  readonly signal: AbortSignal;
}

/** One repository on one server, with the rights that `actions` names and to read those to mount from. */
export function openRepository(needs: RepositoryNeeds): Repository {
  const { session, settle, endpoint, name, actions, mountFrom = [], policy, onPause, signal } = needs;
  const others = mountFrom.filter((other) => other !== name).map((other) => `repository:${other}:pull`);
  const scopes = [`repository:${name}:${actions}`, ...others];
  return {
    name,
    endpoint,
    signal,
    url: (path) => new URL(`${name}/${path}`, endpoint.base),
    async send(wanted, request) {
      const settled = await settle(endpoint, signal);
      const isHome = request.url.origin === endpoint.base.origin;
      const url = isHome
        ? new URL(request.url.href.slice(endpoint.base.origin.length), settled.base)
        : request.url;
      return session.send(settled, scopes, wanted, { ...request, url, signal });
    },
    retrying: (work, progress) =>
      withRetries({ policy, signal, onPause, ...(progress === undefined ? {} : { progress }) }, work),
    within: (other) => openRepository({ ...needs, signal: other }),
  };
}
