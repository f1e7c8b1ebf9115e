import type { Dispatcher } from 'undici';
import { type ProxySettings, proxyFor } from '../../core/proxy.ts';

/**
 * Asks a server, through a proxy where the settings want one for it.
 * @throws UsageError `bad-proxy`; else what undici throws
 */
export async function requestUrl(
  url: URL,
  headers: Readonly<Record<string, string>>,
  proxySettings: ProxySettings,
  signal: AbortSignal | undefined,
): Promise<Dispatcher.ResponseData> {
  // Loaded for those who download: it takes longer than many a cached build.
  // By its default export: bundled, a CommonJS package that is loaded late has no other.
  const { ProxyAgent, request } = (await import('undici')).default;
  const proxy = proxyFor(url, proxySettings);
  const common = { headers, ...(signal === undefined ? {} : { signal }) };
  if (proxy === undefined) return request(url, common);
  // Plain requests are handed to the proxy whole: many refuse tunnels to other ports than 443.
  const dispatcher = new ProxyAgent({ uri: proxy.href, proxyTunnel: false });
  try {
    return await request(url, { ...common, dispatcher });
  } finally {
    // Done once the answer is read.
    dispatcher.close().catch(() => {});
  }
}
