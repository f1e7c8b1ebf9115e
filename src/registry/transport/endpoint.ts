import { UsageError } from '../../core/errors.ts';
import { dockerHub } from '../../core/image-reference.ts';
import { isWithin } from '../../core/proxy.ts';
import type { RegistryClientOptions } from '../options.ts';

/** A server that answers for a registry: itself or a mirror of it. */
export interface Endpoint {
  /** Ends in `/v2/`. */
  readonly base: URL;
  /** What credentials are filed under. */
  readonly registry: string;
  readonly isMirror: boolean;
  /** Whether TLS is to be tried before the plain HTTP of `base`. */
  readonly triesTLS: boolean;
}

/** Docker Hub answers at another host than the one in names. */
const hubHost = 'registry-1.docker.io';

type EndpointOptions = Pick<RegistryClientOptions, 'mirrors' | 'insecure'>;

/**
 * Whom to ask about a registry: its mirrors in order, then the registry.
 * @throws UsageError `bad-mirror`
 */
export function endpointsOf(registry: string, options: EndpointOptions): Endpoint[] {
  const mirrors = options.mirrors.get(registry) ?? [];
  return [...mirrors.map((mirror) => mirrorEndpoint(mirror, options)), originEndpoint(registry, options)];
}

/** The registry itself, the only one that is pushed to. */
export function originEndpoint(registry: string, options: EndpointOptions): Endpoint {
  const host = registry === dockerHub ? hubHost : registry;
  const { scheme, triesTLS } = schemeOf(host, options);
  return { base: new URL(`${scheme}://${host}/v2/`), registry, isMirror: false, triesTLS };
}

function mirrorEndpoint(mirror: string, options: EndpointOptions): Endpoint {
  const isWhole = mirror.includes('://');
  const { scheme, triesTLS } = schemeOf(mirror.replace(/\/.*$/, ''), options);
  const url = parseURL(isWhole ? mirror : `${scheme}://${mirror}`);
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      'bad-mirror',
      `"${mirror}" is not a registry mirror: want a URL such as http://127.0.0.1:5000`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('bad-mirror', `the mirror at ${url.host} is given with credentials in its URL`, {
      hint: `leave them out and log in to ${url.host} instead`,
    });
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/v2$/, '');
  const base = new URL(`${path}/v2/`, url);
  return { base, registry: url.host, isMirror: true, triesTLS: !isWhole && triesTLS };
}

/**
 * Whether a host was named as one whose certificate is not looked at: `name` for every port of it,
 * `name:port`, or the range its address lies in.
 */
export function isNamedInsecure(host: string, insecure: readonly string[]): boolean {
  const [, name = host] = /^(.*?)(?::[0-9]+)?$/.exec(host) ?? [];
  const address = name.replace(/^\[|\]$/g, '');
  return insecure.some((each) => each === host || each === name || isWithin(address, each));
}

/** As Docker does it: what is insecure, loopback included, may speak TLS and gets plain HTTP otherwise. */
function schemeOf(
  host: string,
  { insecure }: EndpointOptions,
): { readonly scheme: 'http' | 'https'; readonly triesTLS: boolean } {
  const triesTLS = isNamedInsecure(host, insecure) || isLoopback(host);
  return { scheme: triesTLS ? 'http' : 'https', triesTLS };
}

/** `localhost`, 127.0.0.0/8 and [::1], with or without a port. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?$/i.test(host);
}

function parseURL(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
