/**
 * Programs that keep credentials for Docker (`docker-credential-NAME`): they are asked on standard input and
 * answer on standard output, errors included.
 */
import { CanceledError, HostError } from '../../core/errors.ts';
import { type ProcessResult, spawnProcess } from '../../sys/process/spawn.ts';
import { printable } from '../shown.ts';
import type { Credentials } from './credentials.ts';
import { asRecord } from './docker-config.ts';

export interface CredentialHelper {
  /** The program: `docker-credential-pass`. */
  readonly program: string;
  /** Undefined when it has none. */
  get(server: string, signal: AbortSignal): Promise<Credentials | undefined>;
  store(server: string, credentials: Credentials, signal: AbortSignal): Promise<void>;
  /** Says whether there were any. */
  erase(server: string, signal: AbortSignal): Promise<boolean>;
}

/** What stands for the user where the secret is an identity token. */
const tokenUser = '<token>';
const notFound = 'credentials not found in native keychain';
/** No helper has more to say. */
const outputLimit = 1 << 20;

/**
 * @param env its whole environment
 * Its methods throw HostError `credential-helper-missing`, `credential-helper-failed`; CanceledError
 */
export function credentialHelper(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): CredentialHelper {
  const program = `docker-credential-${name}`;

  /** What it printed; undefined when it has nothing for that server. */
  const ask = async (verb: string, server: string, input: string, signal: AbortSignal) => {
    let output = '';
    let complaint = '';
    const result = await spawnProcess(program, [verb], {
      env: Object.fromEntries(
        Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
      ),
      stdin: Buffer.from(input),
      onStdout(chunk) {
        if (output.length < outputLimit) output += Buffer.from(chunk).toString('utf8');
      },
      onStderr(chunk) {
        if (complaint.length < outputLimit) complaint += Buffer.from(chunk).toString('utf8');
      },
      signal,
    });
    if (result.kind === 'exited' && result.code === 0) return output;
    if (result.kind === 'exited' && output.trim() === notFound) return undefined;
    throw failure(
      program,
      server,
      result,
      [output, complaint]
        .map((text) => text.trim())
        .filter(Boolean)
        .join('; '),
    );
  };

  return {
    program,
    async get(server, signal) {
      const output = await ask('get', server, server, signal);
      return output === undefined ? undefined : readAnswer(program, server, output);
    },
    async store(server, credentials, signal) {
      const entry =
        'identityToken' in credentials
          ? { Username: tokenUser, Secret: credentials.identityToken }
          : { Username: credentials.username, Secret: credentials.password };
      await ask('store', server, JSON.stringify({ ServerURL: server, ...entry }), signal);
    },
    async erase(server, signal) {
      return (await ask('erase', server, server, signal)) !== undefined;
    },
  };
}

function readAnswer(program: string, server: string, output: string): Credentials | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    // Not quoted: it may hold a secret.
    throw new HostError(
      'credential-helper-failed',
      `${program} answers for ${server} with something that is not JSON`,
    );
  }
  const { Username: username, Secret: secret } = asRecord(answer) ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  return username === tokenUser ? { identityToken: secret } : { username, password: secret };
}

function failure(program: string, server: string, result: ProcessResult, words: string): Error {
  if (result.kind === 'canceled') return new CanceledError();
  if (result.kind === 'not-started') {
    const reason =
      result.error.code === 'ENOENT' ? 'is not on the PATH' : `cannot be started: ${result.error.code}`;
    return new HostError(
      'credential-helper-missing',
      `${program}, which Docker's configuration names for ${server}, ${reason}`,
      { hint: `install it, or take it out of credsStore and credHelpers and run \`strata login ${server}\`` },
    );
  }
  const how = result.kind === 'signaled' ? `was ended by ${result.signal}` : `exited with ${result.code}`;
  const said = words === '' ? '' : `: ${printable(words)}`;
  return new HostError('credential-helper-failed', `${program} ${how} when asked about ${server}${said}`, {
    hint: `run it yourself to see why: echo ${server} | ${program} get`,
  });
}
