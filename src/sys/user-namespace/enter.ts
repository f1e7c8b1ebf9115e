/**
 * Without root, mounts and containers take a user namespace in which this process is root. A process with
 * threads, as every Node is, cannot move into one (unshare(2), EINVAL): a child makes it, its ids are mapped
 * from here, and then this process becomes `nsenter`, which joins it and becomes this program once more. The
 * pid stays, and with it the place at the terminal, the standard streams and the parent; nobody stays behind.
 */
import { closeSync, openSync } from 'node:fs';
import { HostError } from '../../core/errors.ts';
import { hasCapability } from '../capability-sets.ts';
import { requireProgram } from '../probe.ts';
import { replaceProcess } from '../process/replace-process.ts';
import { ownIdMaps } from './id-map.ts';
import { makeUserNamespace } from './make-namespace.ts';
import { mapOwnRanges, mapSingleID, mapSubordinateIDs } from './map-ids.ts';
import { refusalHint } from './refusals.ts';

/** What the program is told when it begins anew, as JSON: `Arrival` and an open descriptor. */
const variable = 'STRATA_USER_NAMESPACE';

export interface Arrival {
  /** Why all files have one owner; undefined where subordinate ids are mapped. */
  readonly singleIDReason?: string | undefined;
}

/** Whether this process can make mounts and give files to others without a namespace of its own. */
export function isRootEnough(): boolean {
  return process.geteuid?.() === 0 && hasCapability('sysAdmin');
}

let hasEntered = false;

/** Whether the person who started this is root, of the machine or of the container it runs in. */
export function isStartedByRoot(): boolean {
  if (process.geteuid?.() !== 0) return false;
  return !hasEntered || ownIdMaps().uids.some(({ inside, outside }) => inside === 0 && outside === 0);
}

/**
 * To be asked first thing: whether an earlier life of this process entered a namespace, and how. The mark is
 * removed from `environment`.
 */
export function arriveInUserNamespace(environment: Record<string, string | undefined>): Arrival | undefined {
  const told = environment[variable];
  if (told === undefined) return undefined;
  delete environment[variable];
  hasEntered = true;
  const { descriptor, ...arrival } = JSON.parse(told) as Arrival & { readonly descriptor: number };
  closeSync(descriptor);
  return arrival;
}

/**
 * Begins this program anew with the same arguments, as root of a new user namespace. Does not return.
 *
 * @param environment of the program's second life
 * @throws HostError `no-user-namespace`, `program-missing`
 */
export async function enterUserNamespace(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<never> {
  const hint = 'install util-linux (Debian: apt-get install util-linux)';
  const unshare = requireProgram('unshare', hint);
  const nsenter = requireProgram('nsenter', hint);
  const reasons: string[] = [];
  for (const mapIDs of [mapOwnRanges, mapSubordinateIDs, mapSingleID]) {
    const holder = await makeUserNamespace(unshare);
    try {
      const reason = await mapIDs(holder.pid);
      if (reason !== undefined) {
        reasons.push(reason);
        continue;
      }
      const descriptor = openSync(`/proc/${holder.pid}/ns/user`, 'r');
      await holder.end();
      const singleIDReason = mapIDs === mapSingleID ? reasons.filter(Boolean).join('; ') : undefined;
      const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
      replaceProcess(
        nsenter,
        [`--user=/proc/self/fd/${descriptor}`, '--preserve-credentials', '--', ...again],
        { ...environment, [variable]: JSON.stringify({ descriptor, singleIDReason }) },
        [descriptor],
      );
    } finally {
      await holder.end();
    }
  }
  throw new HostError(
    'no-user-namespace',
    `cannot map ids in a user namespace: ${reasons.filter(Boolean).join('; ')}`,
    {
      hint: refusalHint('docs/ROOTLESS.md says what building without root takes'),
    },
  );
}
