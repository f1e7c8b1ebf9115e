import { once } from 'node:events';
import { CanceledError, RemoteError } from '../../core/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { TransientError } from './transient-error.ts';
import type { Transport } from './transport.ts';

/** Settles whether an endpoint is spoken to by TLS or in plain HTTP; each host is tried once. */
export type SettleScheme = (endpoint: Endpoint, signal: AbortSignal) => Promise<Endpoint>;

/** A server that knows no TLS may keep silent to what it takes for the beginning of a request. */
const patienceMs = 5_000;

/** Its function throws CanceledError. */
export function openSchemes(transport: Transport): SettleScheme {
  const known = new Map<string, Promise<boolean>>();
  return async (endpoint, signal) => {
    if (!endpoint.triesTLS) return endpoint;
    const secure = new URL(endpoint.base);
    secure.protocol = 'https:';
    // It may hang up on whoever does not show a certificate at once, as we cannot do here.
    const isCertain = transport.hasFilesFor(secure.host);
    const trial =
      known.get(secure.host) ?? (isCertain ? Promise.resolve(true) : speaksTLS(transport, secure));
    known.set(secure.host, trial);
    const isSecure = await unlessAborted(trial, signal);
    return { ...endpoint, base: isSecure ? secure : endpoint.base, triesTLS: false };
  };
}

/** The trial is everybody's: who stops waiting for it does not stop it. */
async function unlessAborted<T>(trial: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw new CanceledError();
  const settled = new AbortController();
  const aborted = once(signal, 'abort', { signal: settled.signal }).then(() => {
    throw new CanceledError();
  });
  try {
    return await Promise.race([trial, aborted]);
  } finally {
    settled.abort();
  }
}

async function speaksTLS(transport: Transport, url: URL): Promise<boolean> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    await (await transport.send({ method: 'GET', url, isProbe: true, signal })).discard();
    return true;
  } catch (error) {
    const isAnswer = error instanceof RemoteError || error instanceof TransientError;
    if (isAnswer || error instanceof CanceledError) return false;
    throw error;
  }
}
