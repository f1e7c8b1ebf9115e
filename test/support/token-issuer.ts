/** A token server as docker-registry trusts one: it signs what somebody may do (distribution, "Token Authentication"). */
import { createHash, createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { CertificatePair } from './certificates.ts';
import { listenOnLoopback } from './loopback.ts';

export interface TokenIssuer extends AsyncDisposable {
  /** The `auth` member of a registry's configuration. */
  readonly auth: object;
  /** `METHOD account scopes` of what was asked. */
  readonly asked: string[];
}

export interface TokenIssuerOptions {
  readonly username: string;
  readonly password: string;
  /** Stands for the user as well, and is given to who logs in. */
  readonly identityToken?: string;
  /** How long a token is good for at least; the registry, which counts whole seconds, takes it for up to two more. */
  readonly seconds: number;
}

/**
 * Anybody may pull, the user may push too.
 * @param signer an authority or what one issued: the registry is told to trust it
 */
export async function startTokenIssuer(
  signer: CertificatePair,
  options: TokenIssuerOptions,
): Promise<TokenIssuer> {
  const { username, password, identityToken } = options;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://localhost');
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const scopes = [...url.searchParams.getAll('scope'), ...(form.get('scope') ?? '').split(' ')].filter(
        Boolean,
      );
      const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      const { authorization } = request.headers;
      const isUser =
        authorization === basic ||
        (identityToken !== undefined && form.get('refresh_token') === identityToken);
      asked.push([request.method, isUser ? username : 'nobody', ...scopes].join(' '));
      if (!isUser && (authorization !== undefined || form.has('refresh_token'))) {
        response.writeHead(401).end(JSON.stringify({ details: 'wrong user name or password' }));
        return;
      }
      const token = signToken(signer, grant(scopes, isUser), options.seconds);
      const identity =
        url.searchParams.has('offline_token') && isUser ? { refresh_token: identityToken } : {};
      response.end(JSON.stringify({ token, expires_in: options.seconds, ...identity }));
    });
  });
  const host = await listenOnLoopback(server);
  return {
    auth: {
      token: {
        realm: `http://${host}/token`,
        service: 'test registry',
        issuer: 'test issuer',
        rootcertbundle: signer.cert,
      },
    },
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function grant(scopes: readonly string[], isUser: boolean): object[] {
  return scopes.map((scope) => {
    const [, type, name, actions = ''] = /^([^:]+):(.+):([^:]+)$/.exec(scope) ?? [];
    const allowed = actions.split(',').filter((action) => isUser || action === 'pull');
    return { type, name, actions: allowed };
  });
}

function signToken(signer: CertificatePair, access: readonly object[], seconds: number): string {
  const now = Math.ceil(Date.now() / 1000);
  const key = createPrivateKey(readFileSync(signer.key));
  const header = { typ: 'JWT', alg: 'ES256', kid: keyID(signer) };
  const claims = {
    iss: 'test issuer',
    aud: 'test registry',
    sub: '',
    jti: randomUUID(),
    iat: now - 60,
    nbf: now - 60,
    // The registry is lenient by a minute.
    exp: now + seconds - 60,
    access,
  };
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** libtrust's fingerprint, by which the registry finds the key: 240 bits of the digest in twelve groups. */
function keyID(signer: CertificatePair): string {
  const key = createPublicKey(readFileSync(signer.cert)).export({ type: 'spki', format: 'der' });
  const bits = createHash('sha256').update(key).digest().subarray(0, 30);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let text = '';
  let carry = 0;
  let width = 0;
  for (const byte of bits) {
    carry = (carry << 8) | byte;
    for (width += 8; width >= 5; width -= 5) text += alphabet[(carry >> (width - 5)) & 31];
    carry &= 31;
  }
  return text.match(/.{4}/g)?.join(':') ?? '';
}
