import { RemoteError } from '../../core/errors.ts';
import type { Credentials } from '../credentials/credentials.ts';
import { defaultTiming, type RegistryClientOptions } from '../options.ts';
import { refusal } from '../transport/answer.ts';
import { originEndpoint } from '../transport/endpoint.ts';
import { withRetries } from '../transport/retry.ts';
import { openSchemes } from '../transport/scheme.ts';
import { openTransport, type Transport } from '../transport/transport.ts';
import { parseChallenges } from './challenge.ts';
import { basic, fetchToken } from './token.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * Shows a registry who we are (distribution-spec, "Determining Support": its `/v2/`), and says what to keep:
 * an identity token where the registry gives one, so that the password need not lie about.
 *
 * @throws RemoteError `registry-unauthorized` when it does not know us; CanceledError
 */
export async function logInto(
  registry: string,
  login: Login,
  options: RegistryClientOptions,
  signal: AbortSignal,
): Promise<Credentials> {
  const policy = { ...defaultTiming, ...options.timing };
  const transport = openTransport(options, policy);
  try {
    return await withRetries({ policy, signal }, () => tryLogin(transport, registry, login, options, signal));
  } catch (error) {
    if (!(error instanceof RemoteError) || error.code !== 'registry-unauthorized') throw error;
    const message = `${registry} does not take the password of ${login.username}: ${error.message}`;
    throw new RemoteError(error.code, message, {
      hint: 'check both; where two factors are asked for, an access token takes the place of the password',
      cause: error,
    });
  } finally {
    await transport.close();
  }
}

async function tryLogin(
  transport: Transport,
  registry: string,
  login: Login,
  options: RegistryClientOptions,
  signal: AbortSignal,
): Promise<Credentials> {
  const endpoint = await openSchemes(transport)(originEndpoint(registry, options), signal);
  const open = await transport.send({ method: 'GET', url: endpoint.base, signal });
  if (open.status !== 401) {
    if (open.status !== 200) throw await refusal(open);
    await open.discard();
    return login;
  }
  const challenges = parseChallenges(open.header('www-authenticate') ?? '');
  const challenge = challenges.find(({ scheme }) => scheme === 'bearer');
  const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
  if (challenge === undefined && !isBasic) throw await refusal(open);
  await open.discard();
  const question = { scopes: [], endpoint, credentials: login, isLogin: true, signal };
  const token = challenge === undefined ? undefined : await fetchToken(transport, { challenge, ...question });
  const authorization = token === undefined ? basic(login) : `Bearer ${token.token}`;
  const answer = await transport.send({
    method: 'GET',
    url: endpoint.base,
    headers: { authorization },
    signal,
  });
  if (answer.status !== 200) throw await refusal(answer);
  await answer.discard();
  if (token?.identityToken === undefined) return login;
  return { identityToken: token.identityToken, username: login.username };
}
