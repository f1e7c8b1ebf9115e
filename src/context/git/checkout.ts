import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RemoteError, StepError } from '../../core/errors.ts';
import { type GitReference, withoutCredentials } from './reference.ts';
import { type GitOptions, isCommit, listRemote, settleRemote } from './resolve.ts';
import { runGit } from './run-git.ts';
import { removeGitFiles, setAllTimes, subdirectoryOf } from './working-tree.ts';

/** A commit whose files are in place. */
export interface GitCheckout {
  /** Of the subdirectory, where one was asked for. */
  readonly directory: string;
  /** The commit's full id. */
  readonly commit: string;
  /** When it was made, in seconds since the epoch. */
  readonly committedAt: number;
}

/** @throws StepError `git-checksum` if the commit is not the one that the reference asks for */
export function checkCommit({ remote, checksum }: GitReference, commit: string): void {
  if (checksum === undefined || commit.startsWith(checksum)) return;
  throw new StepError(
    'git-checksum',
    `${withoutCredentials(remote)} is at commit ${commit}, expected ${checksum}`,
    { hint: 'the ref moved, or the checksum is that of another one' },
  );
}

/**
 * Fetches one commit, with its submodules, into an empty or missing directory. Files are 0644 or 0755,
 * directories 0755, whatever the umask; `.git` is removed unless it is to be kept.
 * @param known the commit, if it was resolved before
 * @throws RemoteError `git-failed`, `no-such-ref`; StepError `git-checksum`, `no-such-directory`; HostError
 *   `program-missing`
 */
export async function checkOutGit(
  given: GitReference,
  directory: string,
  givenOptions: GitOptions,
  known?: string,
): Promise<GitCheckout> {
  const { reference, options } = await settleRemote(given, givenOptions);
  const run = (...args: string[]): Promise<string> =>
    runGit(args, directory, { ...options, remote: reference.remote });
  mkdirSync(directory, { recursive: true });
  const wanted = known ?? (await listRemote(reference, options));
  await run('init', '--quiet', '--template=');
  await run('remote', 'add', 'origin', reference.remote);
  await fetchCommit(wanted, reference, run);
  await run('checkout', '--quiet', '--detach', wanted ?? (await findCommit(reference, run)));
  const commit = (await run('rev-parse', 'HEAD')).trim();
  checkCommit(given, commit);
  if (reference.takesSubmodules && existsSync(join(directory, '.gitmodules'))) {
    await run('submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1');
  }
  const committedAt = Number(await run('log', '-1', '--format=%ct'));
  if (!options.keepsGitDirectory) await removeGitFiles(directory);
  if (options.hasCommitTimes) setAllTimes(directory, committedAt);
  return { directory: subdirectoryOf(directory, reference.subdirectory), commit, committedAt };
}

type Run = (...args: string[]) => Promise<string>;

/** One commit if the server gives single ones away, else all it has. */
async function fetchCommit(commit: string | undefined, reference: GitReference, run: Run): Promise<void> {
  if (commit !== undefined) {
    const names = [
      commit,
      ...(reference.ref === undefined || isCommit(reference.ref) ? [] : [reference.ref]),
    ];
    for (const name of names) {
      try {
        await run('fetch', '--quiet', '--depth=1', '--no-tags', '--', 'origin', name);
        await run('cat-file', '-e', `${commit}^{commit}`);
        return;
      } catch (error) {
        if (!(error instanceof RemoteError)) throw error;
      }
    }
  }
  await run('fetch', '--quiet', '--tags', '--', 'origin', '+refs/heads/*:refs/remotes/origin/*');
}

async function findCommit({ ref, remote }: GitReference, run: Run): Promise<string> {
  try {
    return (await run('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`)).trim();
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    throw new RemoteError(
      'no-such-ref',
      `${withoutCredentials(remote)} has no branch, tag or commit "${ref ?? 'HEAD'}"`,
      {
        hint: 'check the part after "#"; `git ls-remote URL` lists what there is',
      },
    );
  }
}
