/**
 * The ids of this process's user namespace, and what they are outside of it (user_namespaces(7)). A file
 * whose owner has no id in here shows the overflow id 65534, and nothing can be given to such an owner.
 */
import { readFileSync, readlinkSync } from 'node:fs';

export interface IdRange {
  /** The first id in the namespace. */
  readonly inside: number;
  /** The id it is in the parent namespace. */
  readonly outside: number;
  readonly count: number;
}

export interface IdMaps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** PROC_USER_INIT_INO: the one namespace that is not made by anybody has the same number on every machine. */
const initialNamespace = 'user:[4026531837]';

let isInitial: boolean | undefined;
let maps: IdMaps | undefined;

/** Whether this process is in the user namespace of the machine itself: only there `trusted.` attributes exist. */
export function isInitialUserNamespace(): boolean {
  isInitial ??= readlinkSync('/proc/self/ns/user') === initialNamespace;
  return isInitial;
}

/** The ids that this process's user namespace has; read once. */
export function ownIdMaps(): IdMaps {
  maps ??= { uids: readMap('/proc/self/uid_map'), gids: readMap('/proc/self/gid_map') };
  return maps;
}

/** Whether files can belong to this user and group here; the machine itself has all there are. */
export function hasIds(uid: number, gid: number): boolean {
  if (isInitialUserNamespace()) return true;
  const { uids, gids } = ownIdMaps();
  return isInside(uids, uid) && isInside(gids, gid);
}

/** What can be done where an id has no counterpart outside; for the hint of an error. */
export const moreIdsHint =
  'give your user a range of subordinate ids that is large enough: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER';

function isInside(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ inside, count }) => id >= inside && id < inside + count);
}

function readMap(path: string): IdRange[] {
  const lines = readFileSync(path, 'latin1').trim().split('\n');
  return lines.filter(Boolean).map((line) => {
    const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    return { inside, outside, count };
  });
}
