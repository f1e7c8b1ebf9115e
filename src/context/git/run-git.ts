import { CanceledError, HostError, RemoteError } from '../../core/errors.ts';
import { spawnProcess } from '../../sys/process/spawn.ts';
import { withoutCredentials } from './reference.ts';

/** As much as is read of what git says: a server may have a part in it. */
const outputLimit = 16 << 20;
const complaintsLimit = 64 << 10;

/** Where a repository is, and who asks. */
export interface GitAccess {
  readonly remote: string;
  /** The value of `Authorization`, for the remote's own host over http(s) and for no other. */
  readonly authorization?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the host's git, which never asks anything and runs no hooks, and gives its output.
 * @param args no word of a stranger among them may be taken for an option: `--` stands before those
 * @param cwd the repository, where there is one
 * @throws RemoteError `git-failed`; HostError `program-missing`; CanceledError
 */
export async function runGit(
  args: readonly string[],
  cwd: string | undefined,
  { remote, authorization, signal }: GitAccess,
): Promise<string> {
  let output = '';
  let complaints = '';
  const settings = [
    ['core.hooksPath', '/dev/null'],
    // A log would name who builds, and when.
    ['core.logAllRefUpdates', 'false'],
    ['advice.detachedHead', 'false'],
    ...credentialSettings(remote, authorization),
  ];
  const env: Record<string, string> = { GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_COUNT: String(settings.length) };
  for (const [index, [key = '', value = '']] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  const result = await spawnProcess('sh', ['-c', 'umask 022 && exec git "$@"', 'git', ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...hostEnvironment(), ...env },
    onStdout: (chunk) => {
      output += Buffer.from(chunk).toString('latin1');
      if (output.length > outputLimit) throw failed(args, remote, 'it lists more than can be read');
    },
    onStderr: (chunk) => {
      complaints = (complaints + Buffer.from(chunk).toString('latin1')).slice(-complaintsLimit);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  if (result.kind === 'exited' && result.code === 0) return textOf(output);
  if (result.kind === 'canceled') throw new CanceledError();
  if (result.kind === 'not-started' || (result.kind === 'exited' && result.code === 127)) {
    throw new HostError('program-missing', '"git" is needed to read a repository and could not be started', {
      hint: 'install it (on Debian and Ubuntu: apt-get install git)',
    });
  }
  throw failed(args, remote, withoutCredentials(textOf(complaints).trim()));
}

function textOf(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}

function failed([verb]: readonly string[], remote: string, why: string): RemoteError {
  return new RemoteError('git-failed', `git ${verb} of ${withoutCredentials(remote)} failed: ${why}`, {
    hint: 'check the address and that this machine may read it: `git ls-remote URL` must work without asking',
  });
}

/** For everything below the remote, or all of GitHub, whose tokens are made for many repositories. */
function credentialSettings(remote: string, authorization: string | undefined): [string, string][] {
  if (authorization === undefined) return [];
  const scope = /^https:\/\/(?:www\.)?github\.com\//.exec(remote)?.[0] ?? remote;
  return [
    [`http.${scope}.extraHeader`, `Authorization: ${authorization}`],
    // Git would take the header along to wherever it is sent.
    [`http.${scope}.followRedirects`, 'false'],
  ];
}

/** The person's own git settings and keys count, but not those of a repository the build happens to run in. */
function hostEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const isAboutRepository =
      /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|CONFIG_.*|ALTERNATE_.*)$/.test(name);
    if (value !== undefined && !isAboutRepository) env[name] = value;
  }
  return env;
}
