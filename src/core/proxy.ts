import { BlockList, isIP } from 'node:net';
import { UsageError } from './errors.ts';

/** The values of HTTP_PROXY, HTTPS_PROXY and NO_PROXY; absent or empty ones mean nothing. */
export interface ProxySettings {
  /** For `http:` addresses. */
  readonly http?: string | undefined;
  /** For `https:` addresses. */
  readonly https?: string | undefined;
  /** Hosts that are reached directly: `name`, `.domain`, `address`, `address/bits`, each with `:port` or not; `*` is all. */
  readonly no?: string | undefined;
}

/** The settings of an environment, in either case; what it does not say is taken from `fallback`. */
export function proxyFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  fallback: ProxySettings,
): ProxySettings {
  const value = (name: string) => env[name] || env[name.toLowerCase()];
  return {
    http: value('HTTP_PROXY') ?? fallback.http,
    https: value('HTTPS_PROXY') ?? fallback.https,
    no: value('NO_PROXY') ?? fallback.no,
  };
}

/**
 * The proxy for an address; undefined to go there directly. The rules are those of Go's programs, so that
 * one environment serves strata and Docker alike: loopback is never asked through a proxy.
 * @throws UsageError `bad-proxy`
 */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const proxy = url.protocol === 'https:' ? settings.https : settings.http;
  if (proxy === undefined || proxy === '' || isDirect(url, settings.no ?? '')) return undefined;
  const whole = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (URL.canParse(whole) && /^https?:\/\//i.test(whole)) return new URL(whole);
  throw new UsageError(
    'bad-proxy',
    'the proxy in the environment or the configuration is not the URL of an HTTP proxy',
    {
      hint: 'HTTP_PROXY and HTTPS_PROXY look like http://host:port',
    },
  );
}

function isDirect(url: URL, exceptions: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
  if (host === 'localhost' || isWithin(host, isIP(host) === 4 ? '127.0.0.0/8' : '::1/128')) {
    return true;
  }
  return exceptions.split(',').some((exception) => {
    const wanted = exception.trim().toLowerCase();
    return wanted === '*' || (wanted !== '' && isExcepted(host, port, wanted));
  });
}

function isExcepted(host: string, port: string, exception: string): boolean {
  if (exception.includes('/')) return isWithin(host, exception);
  if (isIP(exception) !== 0) return exception === host;
  const [, name = '', wantedPort] = /^(.*?)(?::([0-9]+))?$/.exec(exception) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const bare = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
  return host.endsWith(`.${bare}`) || (bare === name && host === bare) || (isIP(bare) !== 0 && host === bare);
}

/** Whether an address lies in a range (`10.0.0.0/8`); false for names and for what is no range. */
export function isWithin(host: string, range: string): boolean {
  if (isIP(host) === 0) return false;
  const [address = '', bits = ''] = range.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if (isIP(address) === 0 || !/^[0-9]+$/.test(bits) || Number(bits) > (family === 'ipv4' ? 32 : 128))
    return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}
