import { CanceledError, IntegrityError, RemoteError, type StrataError } from '../../core/errors.ts';
import type { Repository } from '../repository.ts';

/**
 * Does `work` with the first of several servers that is good for it: the mirrors of a registry in order, then
 * the registry itself, whose failure is thrown. One that gave no answer says what the mirrors said.
 * @throws CanceledError; what `work` throws
 */
export type PullFrom = <T>(
  repositories: readonly Repository[],
  work: (repository: Repository) => Promise<T>,
) => Promise<T>;

interface MirrorFailure {
  readonly host: string;
  readonly error: StrataError;
  /** Met by other work, perhaps for another tag: this work did not ask. */
  readonly isEarlier: boolean;
}

/**
 * Its function asks a mirror that failed for a repository never again for that one.
 * @param note is told so
 */
export function openMirrors(note: (text: string) => void): PullFrom {
  const abandoned = new Map<string, StrataError>();
  return async (repositories, work) => {
    const failures: MirrorFailure[] = [];
    for (const repository of repositories) {
      if (repository.signal.aborted) throw new CanceledError();
      const { base, isMirror } = repository.endpoint;
      const { host } = base;
      const key = `${host}${base.pathname}${repository.name}`;
      const earlier = isMirror ? abandoned.get(key) : undefined;
      if (earlier !== undefined) {
        failures.push({ host, error: earlier, isEarlier: true });
        continue;
      }
      try {
        return await work(repository);
      } catch (error) {
        if (!isMirror) throw withMirrors(error, failures);
        if (!isTheirs(error)) throw error;
        if (!abandoned.has(key)) note(`mirror ${host} is left out: ${error.message}`);
        abandoned.set(key, error);
        failures.push({ host, error, isEarlier: false });
      }
    }
    throw new Error('a registry without an endpoint');
  };
}

/** Whether a failure is the server's, so that another one may do better. */
function isTheirs(error: unknown): error is StrataError {
  return error instanceof RemoteError || error instanceof IntegrityError;
}

/** Failures of a registry that did not say whether it has what was asked for. */
const unanswered = new Set([
  'registry-unreachable',
  'registry-untrusted',
  'registry-interrupted',
  'registry-failed',
  'registry-rate-limited',
]);

/** What each place said, where the registry itself said nothing of the image: a mirror may have known it all. */
function withMirrors(error: unknown, failures: readonly MirrorFailure[]): unknown {
  if (!(error instanceof RemoteError) || !unanswered.has(error.code) || failures.length === 0) return error;
  const { code, message, hint, cause } = error;
  const lacksIt = failures.some((each) => !each.isEarlier && isMissing(each));
  const said = lacksIt ? 'check the name and the tag of the image' : undefined;
  const hints = [said, hint].filter((each) => each !== undefined);
  return new RemoteError(code, [message, ...failures.map(printFailure)].join('; '), {
    hint: hints.length === 0 ? undefined : hints.join('; '),
    cause,
  });
}

function printFailure(failure: MirrorFailure): string {
  const { host, error, isEarlier } = failure;
  if (isEarlier) return `its mirror ${host} failed before: ${error.message}`;
  return `its mirror ${host} ${isMissing(failure) ? 'does not have it' : 'failed'}: ${error.message}`;
}

function isMissing({ error }: MirrorFailure): boolean {
  return error.code === 'registry-not-found';
}
