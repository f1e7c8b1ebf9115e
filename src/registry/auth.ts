/**
 * Getting in: HTTP Basic and the token protocol of the distribution project. What a registry gave for a
 * scope is kept and asked for anew only when the registry no longer takes it.
 */
import { RemoteError } from '../core/errors.ts';
import { type Answer, readBody, refusal } from './answer.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { redactURL } from './registry-error.ts';
import type { Transport } from './transport.ts';

/** What is to be done: `repository:library/busybox:pull`. */
export type Scope = string;

/** A value for the `Authorization` header. */
type Pass = Promise<string>;

export interface Gatekeeper {
  /** What worked last for these scopes, if anything. */
  current(endpoint: Endpoint, scopes: readonly Scope[]): Pass | undefined;
  /**
   * Gets a pass after the registry refused `used`. Many requests refused at once share one new pass.
   * @throws RemoteError `registry-unauthorized` when there is no way in
   */
  renew(
    endpoint: Endpoint,
    scopes: readonly Scope[],
    refused: Answer,
    used: Pass | undefined,
    signal: AbortSignal,
  ): Pass;
}

export function createGatekeeper(transport: Transport, credentialsFor: CredentialSource): Gatekeeper {
  const passes = new Map<string, Pass>();
  const keyOf = (endpoint: Endpoint, scopes: readonly Scope[]) => [endpoint.base.href, ...scopes].join(' ');
  return {
    current: (endpoint, scopes) => passes.get(keyOf(endpoint, scopes)),
    renew(endpoint, scopes, refused, used, signal) {
      const key = keyOf(endpoint, scopes);
      const known = passes.get(key);
      if (known !== undefined && known !== used) return known;
      const pass = enter(transport, credentialsFor, endpoint, scopes, refused, signal);
      passes.set(key, pass);
      pass.catch(() => {
        if (passes.get(key) === pass) passes.delete(key);
      });
      return pass;
    },
  };
}

async function enter(
  transport: Transport,
  credentialsFor: CredentialSource,
  endpoint: Endpoint,
  scopes: readonly Scope[],
  refused: Answer,
  signal: AbortSignal,
): Promise<string> {
  const challenges = parseChallenges(refused.header('www-authenticate') ?? '');
  const credentials = await credentialsFor(endpoint.registry);
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) {
    const url = tokenURL(bearer, scopes, endpoint);
    return `Bearer ${await fetchToken(transport, url, endpoint, credentials, signal)}`;
  }
  if (credentials !== undefined && challenges.some(({ scheme }) => scheme === 'basic'))
    return basic(credentials);
  throw await refusal(refused);
}

function tokenURL({ parameters }: Challenge, scopes: readonly Scope[], endpoint: Endpoint): URL {
  const realm = parameters.get('realm') ?? '';
  let url: URL;
  try {
    url = new URL(realm, endpoint.base);
  } catch {
    throw new RemoteError(
      'registry-protocol',
      `${endpoint.registry} sends for a token to "${realm}", which is no URL`,
    );
  }
  const service = parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  const demanded =
    parameters
      .get('scope')
      ?.split(' ')
      .filter((scope) => scope !== '') ?? [];
  for (const scope of new Set([...scopes, ...demanded])) url.searchParams.append('scope', scope);
  return url;
}

async function fetchToken(
  transport: Transport,
  url: URL,
  endpoint: Endpoint,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<string> {
  // A password for an encrypted registry must not travel in the clear because of what a header says.
  const isSafe = url.protocol === 'https:' || endpoint.base.protocol === 'http:';
  if (credentials !== undefined && !isSafe) {
    throw new RemoteError(
      'registry-protocol',
      `${endpoint.registry} wants its password sent in the clear, to ${redactURL(url)}`,
    );
  }
  const headers = credentials === undefined ? {} : { authorization: basic(credentials) };
  const answer = await transport.send({ method: 'GET', url, headers, signal });
  if (answer.status !== 200) throw await refusal(answer);
  const token = readToken((await readBody(answer, 1 << 20)).toString('utf8'));
  if (token === undefined) {
    throw new RemoteError('registry-protocol', `GET ${redactURL(url)}: the answer holds no token`);
  }
  return token;
}

function readToken(json: string): string | undefined {
  try {
    const document: unknown = JSON.parse(json);
    if (typeof document !== 'object' || document === null) return undefined;
    const { token, access_token } = document as { token?: unknown; access_token?: unknown };
    return [token, access_token].find((each): each is string => typeof each === 'string' && each !== '');
  } catch {
    return undefined;
  }
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
