/**
 * Certificates that Node would read before the first line of the program, and that few commands need: `bin/strata`
 * gives their variable another name. Who speaks TLS reads them itself (registry/transport/identity.ts).
 */
const held = 'STRATA_HELD_CA_CERTS';

type Environment = Record<string, string | undefined>;

/** Names the variable as it was given, for us and for the programs we start. */
export function releaseCertificates(env: Environment): void {
  const file = env[held];
  if (file === undefined) return;
  delete env[held];
  env.NODE_EXTRA_CA_CERTS = file;
}

/** The environment in which this program is to begin anew, as `bin/strata` makes it. */
export function holdCertificates({ NODE_EXTRA_CA_CERTS, ...env }: Environment): Environment {
  return NODE_EXTRA_CA_CERTS ? { ...env, [held]: NODE_EXTRA_CA_CERTS } : env;
}
