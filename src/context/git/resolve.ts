/** Which commit a reference names, asked of its remote. */
import type { ServerWay } from '../http/request.ts';
import { followRemote } from './redirect.ts';
import type { GitReference } from './reference.ts';
import { type GitAccess, runGit } from './run-git.ts';

/** The way to servers is for what is asked beside git, which finds its own. */
export interface GitOptions extends Omit<GitAccess, 'remote'>, ServerWay {
  readonly keepsGitDirectory: boolean;
  /** Files are as old as the commit, not as their checkout. */
  readonly hasCommitTimes?: boolean;
}

/**
 * A reference and options that git may be given: where the remote is moved to, and credentials only if it is on the
 * same host.
 * @throws RemoteError `url-redirects`
 */
export async function settleRemote(
  reference: GitReference,
  options: GitOptions,
): Promise<{ reference: GitReference; options: GitOptions }> {
  const { authorization, signal } = options;
  if (authorization === undefined) return { reference, options };
  const { remote, isElsewhere } = await followRemote(reference.remote, authorization, options, signal);
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

/** As `resolveGit`, of a reference that `settleRemote` gave. */
export async function listRemote(reference: GitReference, options: GitOptions): Promise<string | undefined> {
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

/** Whether a ref is the full id of a commit. */
export function isCommit(ref: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
}
