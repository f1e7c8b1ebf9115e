import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Two files in PEM form. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test's own, in files below `dir`. */
export interface Authority extends CertificatePair {
  /** A certificate for 127.0.0.1 and localhost, good for servers and clients. */
  issue(name: string): CertificatePair;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

export function makeAuthority(dir: string): Authority {
  mkdirSync(dir, { recursive: true });
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const pair = (name: string): CertificatePair => ({
    cert: join(dir, `${name}.pem`),
    key: join(dir, `${name}.key.pem`),
  });
  const ca = pair('ca');
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=strata test authority',
    '-keyout',
    ca.key,
    '-out',
    ca.cert,
  );
  return {
    ...ca,
    issue(name) {
      const issued = pair(name);
      const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
      const kind = ['-addext', 'basicConstraints=critical,CA:FALSE'];
      const by = ['-x509', '-CA', ca.cert, '-CAkey', ca.key];
      openssl('req', ...by, ...newKey, ...names, ...kind, '-keyout', issued.key, '-out', issued.cert);
      return issued;
    },
  };
}
