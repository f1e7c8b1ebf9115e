import type { CredentialSource } from '../credentials/credentials.ts';
import { type Answer, refusal } from '../transport/answer.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import { withLogInHint } from '../transport/status-error.ts';
import type { Request, Transport } from '../transport/transport.ts';
import { createGatekeeper } from './gatekeeper.ts';
import type { Scope } from './token.ts';

/** Sends requests to registries, getting in where they ask for it. */
export interface Session {
  /**
   * @param wanted the statuses that are answers; every other one is thrown
   * @throws RemoteError, TransientError, CanceledError
   */
  send(
    endpoint: Endpoint,
    scopes: readonly Scope[],
    wanted: readonly number[],
    request: Request,
  ): Promise<Answer>;
}

/** Sends requests with what the server was shown last, and once more with something fresh when it refuses that. */
export function openSession(transport: Transport, credentials: CredentialSource): Session {
  const gatekeeper = createGatekeeper(transport, credentials);
  return {
    async send(endpoint, scopes, wanted, request) {
      // An upload's address may lie on another server, which has no business with our credentials.
      const isHome = request.url.origin === endpoint.base.origin;
      const sendWith = async (pass: string | undefined) => {
        const authorization = pass === undefined || !isHome ? {} : { authorization: pass };
        return transport.send({ ...request, headers: { ...request.headers, ...authorization } });
      };
      const used = gatekeeper.current(endpoint, scopes);
      let answer = await sendWith(await used);
      if (answer.status === 401 && isHome && answer.url.origin === endpoint.base.origin) {
        const refused = answer;
        const fresh = await gatekeeper
          .renew(endpoint, scopes, refused, used, request.signal)
          .finally(() => refused.discard());
        answer = await sendWith(fresh);
      }
      if (wanted.includes(answer.status)) return answer;
      const failure = await refusal(answer);
      if (answer.status !== 401) throw failure;
      const told = await credentials(endpoint.registry, request.signal);
      throw withLogInHint(failure, endpoint.registry, told !== undefined);
    },
  };
}
