import type { SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import { type ProxySettings, proxyFor } from '../../core/proxy.ts';

/** How servers are reached. */
export interface ServerWay {
  readonly proxy?: ProxySettings | undefined;
  /** Whom a host (`name[:port]`) is believed to be; as Node believes where undefined. */
  readonly secureContext?: ((host: string) => SecureContext) | undefined;
}

/**
 * Asks a server, through a proxy where the settings want one for it.
 * @throws UsageError `bad-proxy`; else what undici and `secureContext` throw
 */
export async function requestUrl(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { proxy: proxySettings = {}, secureContext }: ServerWay,
  signal: AbortSignal | undefined,
): Promise<Dispatcher.ResponseData> {
  // Loaded for those who download: it takes longer than many a cached build.
  // By its default export: bundled, a CommonJS package that is loaded late has no other.
  const { Agent, ProxyAgent, request } = (await import('undici')).default;
  const proxy = proxyFor(url, proxySettings);
  const common = { headers, ...(signal === undefined ? {} : { signal }) };
  const tlsOf = ({ protocol, host }: URL) =>
    protocol === 'https:' && secureContext !== undefined ? { secureContext: secureContext(host) } : {};
  // Plain requests are handed to the proxy whole: many refuse tunnels to other ports than 443.
  const dispatcher =
    proxy === undefined
      ? new Agent({ connect: tlsOf(url) })
      : new ProxyAgent({
          uri: proxy.href,
          proxyTunnel: false,
          requestTls: tlsOf(url),
          proxyTls: tlsOf(proxy),
        });
  try {
    return await request(url, { ...common, dispatcher });
  } finally {
    // Done once the answer is read.
    dispatcher.close().catch(() => {});
  }
}
