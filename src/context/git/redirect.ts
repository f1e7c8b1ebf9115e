/** Where a repository that wants credentials really is: git itself would carry them to wherever it is sent. */
import { RemoteError } from '../../core/errors.ts';
import { requestUrl, type ServerWay } from '../http/request.ts';
import { withoutCredentials } from './reference.ts';

const suffix = '/info/refs?service=git-upload-pack';
const maxRedirects = 10;

/**
 * Follows the redirects of a repository behind http(s), as a renamed one has them.
 * @returns the remote to ask, which has moved to another host only where `isElsewhere`
 * @throws RemoteError `url-redirects`
 */
export async function followRemote(
  remote: string,
  authorization: string,
  way: ServerWay,
  signal: AbortSignal | undefined,
): Promise<{ remote: string; isElsewhere: boolean }> {
  const { origin } = new URL(remote);
  let at = remote;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const url = new URL(`${at.replace(/\/$/, '')}${suffix}`);
    const isElsewhere = url.origin !== origin;
    let location: string;
    try {
      const headers = { 'git-protocol': 'version=2', ...(isElsewhere ? {} : { authorization }) };
      const response = await requestUrl(url, headers, way, signal);
      response.body.on('error', () => {}).destroy();
      const { statusCode } = response;
      location = statusCode >= 300 && statusCode < 400 ? String(response.headers.location ?? '') : '';
    } catch {
      // Git meets the same and says what it is.
      return { remote: at, isElsewhere };
    }
    const next = location === '' ? '' : new URL(location, url).href;
    if (!next.endsWith(suffix)) return { remote: at, isElsewhere };
    at = next.slice(0, -suffix.length);
  }
  throw new RemoteError(
    'url-redirects',
    `${withoutCredentials(remote)}: more than ${maxRedirects} redirects`,
  );
}
