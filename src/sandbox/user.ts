/** Names of users and groups, looked up in the image they are meant in: never on the host. */
import { bytePathFromText, bytePathToText } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import { type PasswdEntry, parseID, readGroups, readPasswd } from './account-files.ts';

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** The primary group first. */
  readonly groups: readonly number[];
  /** From passwd, `/` for who is not in there. */
  readonly home: string;
}

/**
 * Whom USER means when a step runs (spec 3.12).
 * @param user as written: `name`, `name:group`, numbers for either (always ids, whatever names there are), or ''
 *   for root
 * @throws StepError `unknown-user`, `unknown-group`
 */
export function resolveUser(tree: FileTree, user: string): ResolvedUser {
  const [name, group] = splitOwner(user);
  const number = name === '' ? 0 : parseID(name);
  const entry = find(readPasswd(tree), (known) =>
    number === undefined ? known.name === name : known.uid === number,
  );
  const uid = number ?? entry?.uid;
  if (uid === undefined) throw unknown('user', name);
  // Of several names of one user the first says where it is at home.
  const home = bytePathToText(find(readPasswd(tree), (known) => known.uid === uid)?.home ?? '/');
  if (group !== undefined && group !== '') {
    const gid = parseID(group) ?? find(readGroups(tree), (known) => known.name === group)?.gid;
    if (gid === undefined) throw unknown('group', group);
    return { uid, gid, groups: [gid], home };
  }
  const gid = entry?.gid ?? 0;
  const listing = groupsListing(tree, entry);
  return { uid, gid, groups: listing.includes(gid) ? listing : [gid, ...listing], home };
}

function splitOwner(owner: string): [user: string, group: string | undefined] {
  const text = bytePathFromText(owner);
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

function groupsListing(tree: FileTree, entry: PasswdEntry | undefined): number[] {
  if (entry === undefined) return [];
  const gids: number[] = [];
  for (const { gid, members } of readGroups(tree)) if (members.includes(entry.name)) gids.push(gid);
  return gids;
}

function find<T>(entries: Iterable<T>, isWanted: (entry: T) => boolean): T | undefined {
  for (const entry of entries) if (isWanted(entry)) return entry;
  return undefined;
}

function unknown(what: 'user' | 'group', name: string): StepError {
  const text = bytePathToText(name);
  return new StepError(`unknown-${what}`, `unable to find ${what} ${text}: no matching entry in the image`, {
    hint: `the step runs as USER says: create the ${what} before, or give its number`,
  });
}
