/** The secrets by which servers know who asks (Dockerfile reference, 3.7 "URLs", "Git"). */
import type { ServerWay } from './http/request.ts';

/** The value of a secret of the build; undefined where there is none of the id. */
export type FindSecret = (id: string) => Uint8Array | undefined;

/** How servers that files come from are met. */
export interface ServerAccess extends ServerWay {
  readonly secret: FindSecret;
}

/** `Authorization` for a URL: `HTTP_AUTH_TOKEN_<host>` as a bearer's, else `HTTP_AUTH_HEADER_<host>` as it is. */
export function urlAuthorization(url: string, findSecret: FindSecret): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const host = new URL(url).hostname;
  const token = textOf(findSecret(`HTTP_AUTH_TOKEN_${host}`));
  return token === undefined ? textOf(findSecret(`HTTP_AUTH_HEADER_${host}`)) : `Bearer ${token}`;
}

/**
 * `Authorization` for a repository behind http(s): `GIT_AUTH_HEADER.<host>` as it is, `GIT_AUTH_TOKEN.<host>` as
 * GitHub and GitLab take tokens, else the same without a host. Undefined for other remotes.
 */
export function gitAuthorization(remote: string, findSecret: FindSecret): string | undefined {
  if (!/^https?:\/\//.test(remote) || !URL.canParse(remote)) return undefined;
  for (const suffix of [`.${new URL(remote).host}`, '']) {
    const header = textOf(findSecret(`GIT_AUTH_HEADER${suffix}`));
    if (header !== undefined) return header;
    const token = textOf(findSecret(`GIT_AUTH_TOKEN${suffix}`));
    if (token !== undefined) return `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  }
  return undefined;
}

/** Files end with a newline that is no part of what they hold. */
function textOf(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString().trim();
}
