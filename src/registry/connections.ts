import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { HostError } from '../core/errors.ts';
import type { RegistryClientOptions, Timing } from './options.ts';
import { proxyFor } from './proxy.ts';

/** A way to a server. */
interface Connection {
  readonly dispatcher: Dispatcher;
  readonly proxy: URL | undefined;
}

export interface Connections {
  /** @throws HostError `bad-ca-file`; UsageError `bad-proxy` */
  to(url: URL): Promise<Connection>;
  close(): Promise<void>;
}

/** Keeps connections, direct ones and those through proxies, for as long as there are requests. */
export function openConnections(
  { caFiles, proxy: settings = {} }: Pick<RegistryClientOptions, 'caFiles' | 'proxy'>,
  timing: Timing,
): Connections {
  /** By proxy; '' is the direct way. */
  const dispatchers = new Map<string, Promise<Dispatcher>>();
  return {
    async to(url) {
      const proxy = proxyFor(url, settings);
      const key = proxy?.href ?? '';
      const known = dispatchers.get(key) ?? openDispatcher(proxy, caFiles, timing);
      dispatchers.set(key, known);
      return { dispatcher: await known, proxy };
    },
    async close() {
      await Promise.allSettled([...dispatchers.values()].map(async (each) => (await each).close()));
    },
  };
}

async function openDispatcher(
  proxy: URL | undefined,
  caFiles: readonly string[],
  timing: Timing,
): Promise<Dispatcher> {
  // Loading undici costs more than many a cached build: nobody pays who does not ask a registry.
  // By its default export: bundled, a CommonJS package that is loaded late has no other.
  const { Agent, ProxyAgent } = (await import('undici')).default;
  // Authorities given to Node replace the usual ones.
  const ca = caFiles.length === 0 ? {} : { ca: [...rootCertificates, ...caFiles.map(readCAFile)] };
  const connect = { timeout: timing.connectMs, ...ca };
  const patience = { headersTimeout: timing.idleMs, bodyTimeout: timing.idleMs };
  if (proxy === undefined) return new Agent({ ...patience, connect });
  // Plain requests are handed to the proxy whole: many refuse tunnels to other ports than 443.
  return new ProxyAgent({
    ...patience,
    uri: proxy.href,
    proxyTunnel: false,
    requestTls: connect,
    proxyTls: connect,
  });
}

function readCAFile(path: string): string {
  try {
    const text = readFileSync(path, 'latin1');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (cause) {
    throw new HostError('bad-ca-file', `cannot read the CA file ${path}`, { cause });
  }
  throw new HostError('bad-ca-file', `the CA file ${path} holds no certificate in PEM form`);
}
