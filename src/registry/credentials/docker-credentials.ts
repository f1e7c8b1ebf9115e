/** Who we are to a registry, as Docker's configuration says: its `auths` and its credential helpers. */
import { credentialHelper } from './credential-helper.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { asRecord, badConfig, helperFor, isKeyOf, readDockerConfig, serverAddress } from './docker-config.ts';

/**
 * Credentials as `docker login` leaves them: with the helper that `credHelpers` names for the registry, else
 * the one of `credsStore`, else in the file. It is read when somebody asks; a missing one holds none.
 *
 * @param env what helpers see
 * @returns a source that throws HostError `bad-docker-config`, `credential-helper-missing`, `credential-helper-failed`
 */
export function dockerConfigCredentials(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): CredentialSource {
  return async (registry, signal) => {
    const config = readDockerConfig(path);
    const helper = helperFor(registry, config);
    const kept =
      helper === undefined
        ? undefined
        : await credentialHelper(helper, env).get(serverAddress(registry), signal);
    if (kept !== undefined) return kept;
    for (const [key, entry] of Object.entries(config.auths)) {
      if (!isKeyOf(key, registry)) continue;
      const credentials = readEntry(entry, `${path}: auths["${key}"]`);
      if (credentials !== undefined) return credentials;
    }
    return undefined;
  };
}

function readEntry(entry: unknown, where: string): Credentials | undefined {
  const { auth, username, password, identitytoken } = asRecord(entry) ?? {};
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string' || auth === '') return undefined;
  const pair = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = pair.indexOf(':');
  if (colon < 0) throw badConfig(`${where}.auth is not base64 of USER:PASSWORD`);
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
