import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BytePath, bytePathFromText, joinBytePath } from '../../core/byte-path.ts';
import { RemoteError, StepError } from '../../core/errors.ts';
import { resolveBeneath } from '../../core/file-tree.ts';
import type { ProxySettings } from '../../core/proxy.ts';
import { setTimes } from '../../sys/node.ts';
import { removeTrees } from '../../sys/remove-tree.ts';
import { openFolder } from '../folder.ts';
import { followRemote } from './redirect.ts';
import { type GitReference, withoutCredentials } from './reference.ts';
import { type GitAccess, runGit } from './run-git.ts';

export interface GitOptions extends Omit<GitAccess, 'remote'> {
  readonly keepsGitDirectory: boolean;
  /** Files are as old as the commit, not as their checkout. */
  readonly hasCommitTimes?: boolean;
  /** For what is asked beside git, which finds its own proxy. */
  readonly proxy?: ProxySettings | undefined;
}

export interface GitCheckout {
  /** Of the subdirectory, where one was asked for. */
  readonly directory: string;
  /** The commit's full id. */
  readonly commit: string;
  /** When it was made, in seconds since the epoch. */
  readonly committedAt: number;
}

/**
 * A reference and options that git may be given: where the remote is moved to, and credentials only if it is on the
 * same host.
 * @throws RemoteError `url-redirects`
 */
async function settleRemote(
  reference: GitReference,
  options: GitOptions,
): Promise<{ reference: GitReference; options: GitOptions }> {
  const { authorization, proxy = {}, signal } = options;
  if (authorization === undefined) return { reference, options };
  const { remote, isElsewhere } = await followRemote(reference.remote, authorization, proxy, signal);
  return {
    reference: { ...reference, remote },
    options: isElsewhere ? { ...options, authorization: undefined } : options,
  };
}

/**
 * The commit that a reference names now, without fetching it.
 * @returns undefined for what only the repository itself can tell, such as a shortened commit id
 * @throws RemoteError `git-failed`; HostError `program-missing`
 */
export async function resolveGit(reference: GitReference, options: GitOptions): Promise<string | undefined> {
  const { ref } = reference;
  if (ref !== undefined && isCommit(ref)) return ref;
  const settled = await settleRemote(reference, options);
  return listRemote(settled.reference, settled.options);
}

async function listRemote(reference: GitReference, options: GitOptions): Promise<string | undefined> {
  const { remote, ref } = reference;
  if (ref !== undefined && isCommit(ref)) return ref;
  const pattern = ref ?? 'HEAD';
  const listed = await runGit(['ls-remote', '--', remote, pattern, `${pattern}^{}`], undefined, {
    ...options,
    remote,
  });
  const found = new Map<string, string>();
  for (const line of listed.split('\n')) {
    const [commit, name] = line.split('\t');
    if (commit !== undefined && name !== undefined) found.set(name, commit);
  }
  // A branch wins over a tag of the same name; `^{}` is the commit behind an annotated tag.
  const names = [pattern, `refs/heads/${pattern}`, `refs/tags/${pattern}`, `refs/${pattern}`];
  for (const name of names) {
    const commit = found.get(`${name}^{}`) ?? found.get(name);
    if (commit !== undefined) return commit;
  }
  return undefined;
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

function setAllTimes(directory: string, seconds: number): void {
  const files = openFolder(directory, { uidGid: 'keep' });
  const visit = (path: BytePath): void => {
    if (files.lstat(path)?.type === 'directory')
      for (const name of files.list(path)) visit(joinBytePath(path, name));
    setTimes(joinBytePath(bytePathFromText(directory), path), { seconds, nanoseconds: 0 });
  };
  visit('');
}

async function removeGitFiles(directory: string): Promise<void> {
  const files = openFolder(directory, { uidGid: 'keep' });
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const name of files.list(path)) {
      const below = path === '' ? name : `${path}/${name}`;
      // Submodules have a file of that name; git itself refuses to track one.
      if (name === '.git') found.push(join(directory, Buffer.from(below, 'latin1').toString()));
      else if (files.lstat(below)?.type === 'directory') walk(below);
    }
  };
  walk('');
  await removeTrees(found);
}

function subdirectoryOf(directory: string, subdirectory: string): string {
  const tree = openFolder(directory, { uidGid: 'keep' });
  const path = resolveBeneath(tree, bytePathFromText(subdirectory));
  if (tree.lstat(path)?.type !== 'directory') {
    throw new StepError('no-such-directory', `the repository has no directory "${subdirectory}"`, {
      hint: 'check the part behind the colon of URL#ref:subdirectory',
    });
  }
  return join(directory, Buffer.from(path, 'latin1').toString());
}

function isCommit(ref: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
}
