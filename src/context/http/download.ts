/** Files from http(s) URLs: contexts, and sources of ADD (Dockerfile reference, 3.7 "URLs"). */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { CanceledError, during, RemoteError, StrataError, systemCode } from '../../core/errors.ts';
import { proxyFor } from '../../core/proxy.ts';
import { withoutCredentials } from '../git/reference.ts';
import { requestUrl, type ServerWay } from './request.ts';

export interface DownloadOptions extends ServerWay {
  /** Sent to the host of the URL itself, not to where it redirects. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Download {
  /** The last element of the URL's decoded path; `__unnamed__` if there is none. */
  readonly name: string;
  /** Seconds since the epoch, as the server says; 0 if it does not. */
  readonly lastModified: number;
  /** sha256 of the content, in hex. */
  readonly hex: string;
  readonly validators: Validators;
}

/** What the server called this state of the file, as it said it; by that it is asked whether it has another. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

const maxRedirects = 10;

/**
 * Downloads a URL to a file that does not exist yet.
 * @throws RemoteError `url-status`, `url-unreachable`, `url-redirects`, `bad-url`; UsageError `bad-proxy`; HostError
 *   `disk-full`; CanceledError
 */
export async function downloadFile(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<Download> {
  return receive(url, await get(readUrl(url), options), path);
}

/**
 * As `downloadFile`, unless the server still has the file in the state of the validators: then undefined, and
 * nothing was written.
 */
export async function downloadIfChanged(
  url: string,
  path: string,
  { etag, lastModified }: Validators,
  options: DownloadOptions = {},
): Promise<Download | undefined> {
  const condition =
    etag !== undefined
      ? { 'if-none-match': etag }
      : lastModified !== undefined && { 'if-modified-since': lastModified };
  const response = await get(readUrl(url), options, condition || {});
  if (response.statusCode !== 304) return receive(url, response, path);
  await response.body.dump();
  return undefined;
}

function readUrl(text: string): URL {
  if (!URL.canParse(text)) throw new RemoteError('bad-url', `"${withoutCredentials(text)}" is no URL`);
  return new URL(text);
}

async function receive(url: string, response: Dispatcher.ResponseData, path: string): Promise<Download> {
  const hash = createHash('sha256');
  await during(`download ${withoutCredentials(url)}`, async () => {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of contentOf(response)) {
        hash.update(chunk);
        await file.writeFile(chunk);
      }
    } catch (error) {
      throw systemCode(error)?.startsWith('UND_ERR') ? unreachable(url, error) : error;
    } finally {
      await file.close();
      // Reads the rest away, so that the connection is free.
      response.body.destroy();
    }
  });
  const { etag, 'last-modified': lastModified } = response.headers;
  const modified = Date.parse(String(lastModified ?? ''));
  return {
    name: nameOf(new URL(url)),
    lastModified: Number.isNaN(modified) ? 0 : Math.floor(modified / 1000),
    hex: hash.digest('hex'),
    validators: {
      ...(typeof etag === 'string' && { etag }),
      ...(typeof lastModified === 'string' && { lastModified }),
    },
  };
}

/**
 * Follows redirects to the answer with the file.
 * @param condition headers for every host; 304 is an answer only where there are any
 */
async function get(
  first: URL,
  { headers, proxy, secureContext, signal }: DownloadOptions,
  condition: Readonly<Record<string, string>> = {},
): Promise<Dispatcher.ResponseData> {
  let url = first;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    let response: Dispatcher.ResponseData;
    const through = proxyFor(url, proxy ?? {});
    const own = url.origin === first.origin ? headers : {};
    try {
      response = await requestUrl(
        url,
        { 'accept-encoding': 'identity', ...condition, ...own },
        { proxy, secureContext },
        signal,
      );
    } catch (error) {
      if (signal?.aborted) throw new CanceledError();
      if (error instanceof StrataError) throw error;
      throw unreachable(url.href, error, through);
    }
    // One that breaks before it is read tells whoever reads it.
    response.body.on('error', () => {});
    const { location } = response.headers;
    if (response.statusCode < 300 || (response.statusCode < 400 && typeof location !== 'string')) {
      if (response.statusCode >= 200) return response;
    }
    await response.body.dump();
    if (response.statusCode < 200 || response.statusCode >= 400)
      throw badStatus(url.href, response.statusCode);
    url = new URL(String(location), url);
  }
  throw new RemoteError(
    'url-redirects',
    `${withoutCredentials(first.href)}: more than ${maxRedirects} redirects`,
  );
}

/** Some servers send gzip though nobody asked for it: the content is then what was packed. */
function contentOf({ headers, body }: Dispatcher.ResponseData): Readable {
  if (!/^(?:x-)?gzip$/i.test(String(headers['content-encoding'] ?? ''))) return body;
  const unpacked = createGunzip();
  body.on('error', (error) => unpacked.destroy(error));
  return body.pipe(unpacked);
}

function nameOf(url: URL): string {
  let path = url.pathname;
  try {
    path = decodeURIComponent(path);
  } catch {
    // A stray percent sign: the name is then as it is written.
  }
  const name = path.replace(/\/+$/, '').replace(/^.*\//s, '');
  return name === '' || name === '.' || name === '..' || name.includes('\0') ? '__unnamed__' : name;
}

function badStatus(url: string, status: number): RemoteError {
  return new RemoteError('url-status', `${withoutCredentials(url)}: invalid response status ${status}`, {
    hint: status === 401 || status === 403 ? 'the server wants credentials for it' : 'check the address',
  });
}

function unreachable(url: string, cause: unknown, proxy?: URL): RemoteError {
  const why = cause instanceof Error ? (systemCode(cause) ?? cause.message) : String(cause);
  const way = proxy === undefined ? '' : ` through the proxy ${proxy.host}`;
  return new RemoteError('url-unreachable', `cannot download ${withoutCredentials(url)}${way}: ${why}`, {
    hint: 'check the address and the network, then build again',
    cause,
  });
}
