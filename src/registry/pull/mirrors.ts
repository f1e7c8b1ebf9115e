import { CanceledError, IntegrityError, RemoteError, type StrataError } from '../../core/errors.ts';
import type { Repository } from '../repository.ts';

/**
 * Does `work` with the first of several servers that is good for it: the mirrors of a registry in order, then
 * the registry itself, whose failure is thrown.
 * @throws CanceledError; what `work` throws
 */
export type PullFrom = <T>(
  repositories: readonly Repository[],
  work: (repository: Repository) => Promise<T>,
) => Promise<T>;

/**
 * Its function asks a mirror that failed for a repository never again for that one.
 * @param note is told so
 */
export function openMirrors(note: (text: string) => void): PullFrom {
  const abandoned = new Set<string>();
  return async (repositories, work) => {
    for (const repository of repositories) {
      if (repository.signal.aborted) throw new CanceledError();
      const { base, isMirror } = repository.endpoint;
      if (!isMirror) return work(repository);
      const key = `${base.host}${base.pathname}${repository.name}`;
      if (abandoned.has(key)) continue;
      try {
        return await work(repository);
      } catch (error) {
        if (!isTheirs(error)) throw error;
        if (!abandoned.has(key)) note(`mirror ${base.host} is left out: ${error.message}`);
        abandoned.add(key);
      }
    }
    throw new Error('a registry without an endpoint');
  };
}

/** Whether a failure is the server's, so that another one may do better. */
function isTheirs(error: unknown): error is StrataError {
  return error instanceof RemoteError || error instanceof IntegrityError;
}
