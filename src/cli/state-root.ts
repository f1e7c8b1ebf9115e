import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The state directory: `--root`, else $STRATA_ROOT, else the system's for root and the person's own otherwise. */
export function stateRoot(flag: string | undefined, environment: Environment, isRoot: boolean): string {
  const given = flag ?? environment.STRATA_ROOT;
  if (given !== undefined && given !== '') return resolve(given);
  if (isRoot) return '/var/lib/strata';
  const data = environment.XDG_DATA_HOME || join(environment.HOME || homedir(), '.local', 'share');
  return join(data, 'strata');
}
