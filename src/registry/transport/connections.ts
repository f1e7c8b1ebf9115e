import type { Dispatcher } from 'undici';
import { type ProxySettings, proxyFor } from '../../core/proxy.ts';
import type { Timing } from '../options.ts';
import type { IdentityOf } from './identity.ts';

/** A way to a server. */
interface Connection {
  readonly dispatcher: Dispatcher;
  readonly proxy: URL | undefined;
}

export interface Connections {
  /**
   * @param isProbe whoever answers is welcome
   * @throws HostError `bad-ca-file`, `bad-client-certificate`; UsageError `bad-proxy`
   */
  to(url: URL, isProbe: boolean): Promise<Connection>;
  close(): Promise<void>;
}

/**
 * Keeps connections, direct ones and those through proxies, for as long as there are requests.
 * @param isBelieved whether a host's certificate is not looked at
 */
export function openConnections(
  proxySettings: ProxySettings,
  identityOf: IdentityOf,
  isBelieved: (host: string) => boolean,
  timing: Timing,
): Connections {
  /** By proxy and by how the server is met. */
  const dispatchers = new Map<string, Promise<Dispatcher>>();

  /** Certificates are read when there is nothing else for it: that takes longer than many a request. */
  const waysOf = (url: URL, isProbe: boolean): { readonly key: string; tls(): object } => {
    if (url.protocol !== 'https:') return { key: 'plain', tls: () => ({}) };
    if (isProbe) return { key: 'probe', tls: () => ({ rejectUnauthorized: false }) };
    const identity = identityOf(url.host);
    const rejectUnauthorized = !isBelieved(url.host);
    return {
      key: `${identity.key} ${rejectUnauthorized}`,
      tls: () => ({ secureContext: identity.secureContext(), rejectUnauthorized }),
    };
  };

  return {
    async to(url, isProbe) {
      const proxy = proxyFor(url, proxySettings);
      const way = waysOf(url, isProbe);
      const key = `${proxy?.href} ${way.key}`;
      let dispatcher = dispatchers.get(key);
      if (dispatcher === undefined) {
        const proxyTLS = proxy === undefined ? {} : waysOf(proxy, false).tls();
        dispatcher = openDispatcher(proxy, way.tls(), proxyTLS, timing);
        dispatchers.set(key, dispatcher);
      }
      return { dispatcher: await dispatcher, proxy };
    },
    async close() {
      await Promise.allSettled([...dispatchers.values()].map(async (each) => (await each).close()));
    },
  };
}

async function openDispatcher(
  proxy: URL | undefined,
  tls: object,
  proxyTLS: object,
  timing: Timing,
): Promise<Dispatcher> {
  // Loading undici costs more than many a cached build: nobody pays who does not ask a registry.
  // By its default export: bundled, a CommonJS package that is loaded late has no other.
  const { Agent, ProxyAgent } = (await import('undici')).default;
  const connect = { timeout: timing.connectMs, ...tls };
  const patience = { headersTimeout: timing.idleMs, bodyTimeout: timing.idleMs };
  if (proxy === undefined) return new Agent({ ...patience, connect });
  // Plain requests are handed to the proxy whole: many refuse tunnels to other ports than 443.
  return new ProxyAgent({
    ...patience,
    uri: proxy.href,
    proxyTunnel: false,
    requestTls: connect,
    proxyTls: { timeout: timing.connectMs, ...proxyTLS },
  });
}
