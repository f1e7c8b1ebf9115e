/** Names of users and groups, looked up in the image they are meant in: never on the host. */
import { bytePathFromText, bytePathToText } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import { type GroupEntry, type PasswdEntry, parseID, readGroups, readPasswd } from './account-files.ts';

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** The primary group first. */
  readonly groups: readonly number[];
  /** From passwd; `/` when it says nothing. */
  readonly home: string;
}

/**
 * Whom USER means when a step runs (spec 3.12).
 * @param user as written: `name`, `name:group`, numbers for either, or '' for root
 * @throws StepError `unknown-user`, `unknown-group`
 */
export function resolveUser(tree: FileTree, user: string): ResolvedUser {
  const [name, group] = splitOwner(user);
  const entry = find(readPasswd(tree), ({ name: known, uid }) =>
    name === '' ? uid === 0 : known === name || String(uid) === name,
  );
  const uid = entry?.uid ?? (name === '' ? 0 : parseID(name));
  if (uid === undefined) throw unknown('user', name);
  const home = entry === undefined || entry.home === '' ? '/' : bytePathToText(entry.home);
  if (group !== undefined && group !== '') {
    const gid = findGroup(tree, group)?.gid ?? parseID(group);
    if (gid === undefined) throw unknown('group', group);
    return { uid, gid, groups: [gid], home };
  }
  const gid = entry?.gid ?? 0;
  return { uid, gid, groups: [...new Set([gid, ...groupsListing(tree, entry)])], home };
}

/**
 * Whom --chown, and WORKDIR under a USER, means (spec 3.6): a number alone is user and group, an unknown
 * name is 0.
 * @param tree undefined where there is no image to look into: with --link, and on scratch
 * @throws StepError `no-user-files` for a name without an image
 */
export function resolveOwner(tree: FileTree | undefined, owner: string): { uid: number; gid: number } {
  const [name, group] = splitOwner(owner);
  let uid = ownerID(name);
  let gid = group === undefined ? uid : ownerID(group);
  if (uid === undefined) {
    const entry = find(readPasswd(lookupTree(tree)), ({ name: known }) => known === name);
    uid = entry?.uid ?? 0;
    if (group === undefined) gid = entry?.gid ?? 0;
  }
  if (gid === undefined) {
    gid = find(readGroups(lookupTree(tree)), ({ name: known }) => known === group)?.gid ?? 0;
  }
  return { uid, gid };
}

function splitOwner(owner: string): [user: string, group: string | undefined] {
  const text = bytePathFromText(owner);
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** What needs no look-up: nothing, root, a number. */
function ownerID(name: string): number | undefined {
  return name === '' || name === 'root' ? 0 : parseID(name);
}

function lookupTree(tree: FileTree | undefined): FileTree {
  if (tree === undefined) {
    throw new StepError('no-user-files', 'invalid user index: -1', {
      hint: 'names need an image with /etc/passwd to stand in: give numbers on scratch and with --link',
    });
  }
  return tree;
}

function findGroup(tree: FileTree, group: string): GroupEntry | undefined {
  return find(readGroups(tree), ({ name, gid }) => name === group || String(gid) === group);
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
