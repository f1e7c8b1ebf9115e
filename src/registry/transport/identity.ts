/** TLS: whose certificates are believed, and which ones we show. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { HostError, systemCode } from '../../core/errors.ts';
import type { Trust } from '../options.ts';

/** What one host is met with: authorities for it alone, and what we show it. */
interface HostFiles {
  readonly authorities: readonly string[];
  readonly pairs: readonly { readonly cert: string; readonly key: string }[];
}

export interface Identity {
  /** Names what is the same for several hosts; empty for those without files of their own. */
  readonly key: string;
  /** Reading certificates takes longer than many a request: done once, and when somebody connects. */
  secureContext(): SecureContext;
}

/**
 * Says how a host (`name`, or `name:port` for another port than 443) is met.
 * @throws HostError `bad-ca-file`, `bad-client-certificate`
 */
export type IdentityOf = (host: string) => Identity;

/**
 * Whom to trust and what to show, by `host[:port]`; files are read when a host is first spoken to.
 * @throws HostError from the function it returns, when a file cannot be read
 */
export function openIdentities({ systemFile, caFiles, hostDirectories }: Trust): IdentityOf {
  const known = new Map<string, Identity>();
  let shared: string[] | undefined;
  const sharedAuthorities = () => {
    shared ??= [
      ...(systemFile === undefined ? rootCertificates : [readAuthority(systemFile)]),
      ...caFiles.map(readAuthority),
    ];
    return shared;
  };
  return (host) => {
    const files = hostDirectories.map((directory) => readHostFiles(join(directory, host)));
    const own = files.flatMap(({ authorities, pairs }) => [...authorities, ...pairs.map(({ cert }) => cert)]);
    const key = own.length === 0 ? '' : host;
    const found = known.get(key);
    if (found !== undefined) return found;
    let context: SecureContext | undefined;
    const identity: Identity = {
      key,
      secureContext() {
        context ??= contextOf(host, sharedAuthorities(), files);
        return context;
      },
    };
    known.set(key, identity);
    return identity;
  };
}

function contextOf(host: string, shared: readonly string[], files: readonly HostFiles[]): SecureContext {
  const pairs = files.flatMap((each) => each.pairs);
  const ca = [...shared, ...files.flatMap((each) => each.authorities).map(readAuthority)];
  if (pairs.length === 0) return createSecureContext({ ca });
  const cert = pairs.map((pair) => readPart(pair.cert));
  const key = pairs.map((pair) => readPart(pair.key));
  try {
    return createSecureContext({ ca, cert, key });
  } catch (cause) {
    throw badPair(`the client certificate for ${host} cannot be used: ${(cause as Error).message}`, cause);
  }
}

/** Where systems keep the authorities they trust, as Go's programs look for them. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The file of the authorities this system trusts: $SSL_CERT_FILE, or where systems keep it. */
export function findSystemAuthorities(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env.SSL_CERT_FILE || bundles.find((path) => existsSync(path));
}

/** Docker's layout of a host's directory; one that is not there holds nothing. */
function readHostFiles(directory: string): HostFiles {
  let names: string[];
  try {
    names = readdirSync(directory).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR')
      return { authorities: [], pairs: [] };
    throw new HostError('bad-ca-file', `cannot read ${directory}: ${systemCode(error)}`);
  }
  const ending = (end: string) =>
    names.filter((name) => name.endsWith(end)).map((name) => name.slice(0, -end.length));
  const certs = ending('.cert');
  const keys = ending('.key');
  const single = [...certs, ...keys].find((name) => !certs.includes(name) || !keys.includes(name));
  if (single !== undefined) {
    const [there, missing] = certs.includes(single) ? ['.cert', '.key'] : ['.key', '.cert'];
    throw badPair(`${join(directory, single)}${there} has no ${single}${missing} beside it`);
  }
  return {
    authorities: ending('.crt').map((name) => join(directory, `${name}.crt`)),
    pairs: certs.map((name) => ({
      cert: join(directory, `${name}.cert`),
      key: join(directory, `${name}.key`),
    })),
  };
}

function readAuthority(path: string): string {
  const text = readFile(
    path,
    (reason) => new HostError('bad-ca-file', `cannot read the CA file ${path}: ${reason}`),
  );
  if (text.includes('-----BEGIN CERTIFICATE-----') || text.includes('-----BEGIN TRUSTED CERTIFICATE-----'))
    return text;
  throw new HostError('bad-ca-file', `the CA file ${path} holds no certificate in PEM form`);
}

function readPart(path: string): string {
  return readFile(path, (reason) => badPair(`cannot read ${path}: ${reason}`));
}

function readFile(path: string, fail: (reason: string) => Error): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    throw fail(systemCode(error) ?? String(error));
  }
}

function badPair(message: string, cause?: unknown): HostError {
  return new HostError('bad-client-certificate', message, {
    hint: 'a client certificate is NAME.cert with its key in NAME.key; authorities are *.crt',
    cause,
  });
}
