import type { StrataError } from '../../core/errors.ts';
import { isStartedByRoot } from '../../sys/user-namespace/enter.ts';
import { isInitialUserNamespace, moreIdsHint, ownIdMaps } from '../../sys/user-namespace/id-map.ts';
import { type Finding, failedBy, ok, warn } from '../finding.ts';

/** How the process became root, by itself or of a user namespace; or the error with which it could not. */
export interface Rank {
  readonly error?: StrataError | undefined;
  /** Why all files have one owner; undefined where subordinate ids are mapped. */
  readonly singleIDReason?: string | undefined;
}

/** What gives a person subordinate ids, by the reason why there are none. */
const singleIDRemedies: readonly (readonly [reason: RegExp, remedy: string])[] = [
  [/not installed/, 'apt-get install uidmap'],
  // Root of a container has not the right; a program that has just this one needs no other.
  [
    /Operation not permitted/,
    'setcap cap_setuid+ep /usr/bin/newuidmap; setcap cap_setgid+ep /usr/bin/newgidmap',
  ],
];

/** Fewer and users of common images (nobody is 65534) have no id. */
const usualIds = 65_536;

/** Whose files a build can write. */
export function person({ error, singleIDReason }: Rank): Finding {
  const name = 'user';
  if (error !== undefined) return failedBy(name, error);
  if (isInitialUserNamespace()) return ok(name, 'root');
  if (singleIDReason !== undefined) {
    return warn(
      name,
      `root of a namespace with one id, files of others cannot be written: ${singleIDReason}`,
      singleIDRemedies.find(([reason]) => reason.test(singleIDReason))?.[1] ?? moreIdsHint,
    );
  }
  const { uids, gids } = ownIdMaps();
  const [users, groups] = [uids, gids].map((ranges) => ranges.reduce((sum, range) => sum + range.count, 0));
  const who = isStartedByRoot() ? 'root of a container' : 'root of a user namespace';
  const text = `${who} with ${users} users and ${groups} groups`;
  return Math.min(users ?? 0, groups ?? 0) < usualIds
    ? warn(name, `${text}, images know ${usualIds}`, moreIdsHint)
    : ok(name, text);
}
