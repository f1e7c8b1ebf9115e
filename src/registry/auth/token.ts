/** The token protocol of the distribution project: a server of its own says who may do what. */
import { RemoteError } from '../../core/errors.ts';
import type { Credentials } from '../credentials/credentials.ts';
import { redactURL } from '../shown.ts';
import { protocolError, readBody, refusal } from '../transport/answer.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import type { Request, Transport } from '../transport/transport.ts';
import type { Challenge } from './challenge.ts';

/** What is to be done: `repository:library/busybox:pull`. */
export type Scope = string;

export interface TokenQuestion {
  /** The registry's refusal, which says where to go. */
  readonly challenge: Challenge;
  readonly scopes: readonly Scope[];
  readonly endpoint: Endpoint;
  /** Without them anybody's token is asked for. */
  readonly credentials: Credentials | undefined;
  /** Whether an identity token is wanted as well, to keep instead of the password. */
  readonly isLogin?: boolean;
  readonly signal: AbortSignal;
}

export interface Token {
  readonly token: string;
  readonly identityToken: string | undefined;
}

/** What this program calls itself to token servers, which tell people which of them hold a token. */
const client = 'strata';
const answerLimit = 1 << 20;

/**
 * Asks for a token: with a GET, or for an identity token with the POST of OAuth 2, which keeps it out of the
 * address.
 * @throws RemoteError, TransientError; CanceledError
 */
export async function fetchToken(transport: Transport, question: TokenQuestion): Promise<Token> {
  const { endpoint, credentials } = question;
  const realm = realmOf(question.challenge, endpoint);
  // A password for an encrypted registry must not travel in the clear because of what a header says.
  const isSafe = realm.protocol === 'https:' || endpoint.base.protocol === 'http:';
  if (credentials !== undefined && !isSafe) {
    throw new RemoteError(
      'registry-protocol',
      `${endpoint.registry} wants its password sent in the clear, to ${redactURL(realm)}`,
    );
  }
  const answer = await transport.send(tokenRequest(realm, question));
  if (answer.status !== 200) throw await refusal(answer);
  const token = readToken((await readBody(answer, answerLimit)).toString('utf8'));
  if (token !== undefined) return token;
  throw protocolError(answer, 'the answer holds no token');
}

/** The value of an `Authorization` header. */
export function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function tokenRequest(realm: URL, question: TokenQuestion): Request {
  const { challenge, scopes, credentials, isLogin = false, signal } = question;
  const service = challenge.parameters.get('service');
  const demanded = (challenge.parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const wanted = [...scopes, ...demanded.filter((scope) => !scopes.some((own) => covers(own, scope)))];
  const serviceField: [string, string][] = service === undefined ? [] : [['service', service]];
  if (credentials !== undefined && 'identityToken' in credentials) {
    const form = new URLSearchParams([
      ['grant_type', 'refresh_token'],
      ['client_id', client],
      ...serviceField,
      ['scope', wanted.join(' ')],
      ['refresh_token', credentials.identityToken],
    ]);
    return {
      method: 'POST',
      url: realm,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: () => Buffer.from(form.toString()),
      staysHome: true,
      signal,
    };
  }
  const login: [string, string][] = [
    ['client_id', client],
    ['offline_token', 'true'],
  ];
  const fields: [string, string][] = [
    ...serviceField,
    ...wanted.map((scope): [string, string] => ['scope', scope]),
  ];
  for (const [name, value] of isLogin ? [...fields, ...login] : fields)
    realm.searchParams.append(name, value);
  const headers = credentials === undefined ? {} : { authorization: basic(credentials) };
  return { method: 'GET', url: realm, headers, signal };
}

/** Whether who may do the one may do the other. */
function covers(own: Scope, other: Scope): boolean {
  const parts = (scope: Scope) => /^(.*):([^:]*)$/.exec(scope) ?? [];
  const [, subject, actions = ''] = parts(own);
  const [, otherSubject, otherActions = ''] = parts(other);
  return (
    subject === otherSubject && otherActions.split(',').every((action) => actions.split(',').includes(action))
  );
}

function realmOf({ parameters }: Challenge, endpoint: Endpoint): URL {
  const realm = parameters.get('realm') ?? '';
  if (URL.canParse(realm, endpoint.base.href)) return new URL(realm, endpoint.base);
  throw new RemoteError(
    'registry-protocol',
    `${endpoint.registry} sends for a token to "${realm}", which is no URL`,
  );
}

function readToken(json: string): Token | undefined {
  try {
    const document: unknown = JSON.parse(json);
    if (typeof document !== 'object' || document === null) return undefined;
    const { token, access_token, refresh_token } = document as Readonly<Record<string, unknown>>;
    const found = [token, access_token].find(isFilled);
    return found === undefined ? undefined : { token: found, identityToken: [refresh_token].find(isFilled) };
  } catch {
    return undefined;
  }
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
