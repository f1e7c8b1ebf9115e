/**
 * Getting in: HTTP Basic and the token protocol of the distribution project. What a registry gave for a
 * scope is kept and asked for anew only when the registry no longer takes it.
 */
import type { CredentialSource } from '../credentials/credentials.ts';
import { type Answer, refusal } from '../transport/answer.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import { withLogInHint } from '../transport/status-error.ts';
import type { Transport } from '../transport/transport.ts';
import { parseChallenges } from './challenge.ts';
import { basic, fetchToken, type Scope } from './token.ts';

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

/** Keeps one pass for each server and scope; who comes with one that was refused waits for the same new one. */
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
  const credentials = await credentialsFor(endpoint.registry, signal);
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) {
    const question = { challenge: bearer, scopes, endpoint, credentials, signal };
    const asked = fetchToken(transport, question).catch((error: unknown) => {
      throw withLogInHint(error, endpoint.registry, credentials !== undefined);
    });
    return `Bearer ${(await asked).token}`;
  }
  // An identity token is for token servers alone.
  const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
  if (isBasic && credentials !== undefined && 'password' in credentials) return basic(credentials);
  throw withLogInHint(await refusal(refused), endpoint.registry, credentials !== undefined);
}
