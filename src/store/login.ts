import { type Login, logInto } from '../registry/auth/login.ts';
import {
  type CredentialPlace,
  forgetCredentials,
  keepCredentials,
} from '../registry/credentials/keep-credentials.ts';
import type { RegistryClientOptions } from '../registry/options.ts';
import { parseRegistry } from '../registry/reference.ts';

export interface LoginReceipt {
  /** Its host: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** The credential helper that keeps them; undefined when they lie in Docker's configuration file. */
  readonly helper: string | undefined;
}

/**
 * Tries credentials with a registry and keeps them if it takes them.
 * @param text the registry as a person writes it
 * @throws StrataError `bad-registry`; RemoteError; what `keepCredentials` throws
 */
export async function logIn(
  text: string,
  login: Login,
  place: CredentialPlace,
  options: RegistryClientOptions,
  signal: AbortSignal,
): Promise<LoginReceipt> {
  const registry = parseRegistry(text);
  const credentials = await logInto(registry, login, options, signal);
  return { registry, helper: await keepCredentials(registry, credentials, place, signal) };
}

/**
 * Forgets the credentials for a registry.
 * @returns its host, and whether there were any
 * @throws StrataError `bad-registry`; what `forgetCredentials` throws
 */
export async function logOut(
  text: string,
  place: CredentialPlace,
  signal: AbortSignal,
): Promise<{ readonly registry: string; readonly wasKnown: boolean }> {
  const registry = parseRegistry(text);
  return { registry, wasKnown: await forgetCredentials(registry, place, signal) };
}
