/**
 * The owner that `--chown` and WORKDIR name (Dockerfile reference, 3.6): looked up in the destination's own
 * `/etc/passwd` and `/etc/group`, never in the host's.
 */
import { closeSync, readFileSync } from 'node:fs';
import { bytePathFromText } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import { type FileTree, resolveBeneath } from '../core/file-tree.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Far above any real user database. */
const maxDatabaseBytes = 16 << 20;

/** Larger numbers are taken for names, which nobody has. */
const maxNumber = 0x7fff_ffff;

/** Whether an owner can only be told by reading the databases of the tree. */
export function isLookedUp(owner: string): boolean {
  return partsOf(owner).some((part) => numberOf(part) === undefined);
}

/**
 * Resolves `user[:group]`. A number stands for itself, and alone for the group too; an unknown user is 0:0. The
 * group of the user stands where the one that is named is unknown.
 * @throws StepError `no-user-database` for a name when the tree is empty
 */
export function resolveOwner(tree: FileTree, owner: string): Owner {
  const [user, group] = partsOf(owner);
  const lookUp = (file: string, name: string): string[] => {
    if (tree.list('').length === 0) throw noDatabase(owner);
    return findRecord(tree, file, name);
  };
  const { uid, gid } = resolveUser(user, lookUp);
  if (group === undefined) return { uid, gid };
  const groupID = numberOf(group);
  if (groupID !== undefined) return { uid, gid: groupID };
  return { uid, gid: idOf(lookUp('etc/group', group)[2]) ?? gid };
}

function partsOf(owner: string): [user: string, ...group: string[]] {
  const colon = owner.indexOf(':');
  return colon < 0 ? [owner] : [owner.slice(0, colon), owner.slice(colon + 1)];
}

function resolveUser(user: string, lookUp: (file: string, name: string) => string[]): Owner {
  const uid = numberOf(user);
  if (uid !== undefined) return { uid, gid: uid };
  const account = lookUp('etc/passwd', user);
  return { uid: idOf(account[2]) ?? 0, gid: idOf(account[3]) ?? 0 };
}

/** What needs no looking up. */
function numberOf(text: string): number | undefined {
  if (text === '' || text === 'root') return 0;
  return /^\+?[0-9]+$/.test(text) && Number(text) <= maxNumber ? Number(text) : undefined;
}

function idOf(field: string | undefined): number | undefined {
  return field !== undefined && /^[0-9]+$/.test(field) ? Number(field) : undefined;
}

/** The fields of the first record with that name; none if there is no such record or file. */
function findRecord(tree: FileTree, file: string, name: string): string[] {
  const path = resolveBeneath(tree, file);
  const stat = tree.lstat(path);
  if (stat?.type !== 'file' || stat.size > maxDatabaseBytes) return [];
  const wanted = bytePathFromText(name);
  for (const line of readWhole(tree.open(path)).split('\n')) {
    const fields = line.trim().split(':');
    if (fields[0] === wanted && !line.startsWith('#')) return fields;
  }
  return [];
}

function readWhole(descriptor: number): string {
  try {
    return readFileSync(descriptor, 'latin1');
  } finally {
    closeSync(descriptor);
  }
}

function noDatabase(owner: string): StepError {
  return new StepError(
    'no-user-database',
    `cannot look up the owner "${owner}": invalid user index: -1: there is no filesystem yet to find names in`,
    { hint: 'use numbers, as in --chown=1000:1000; names need a base image, and do not go with --link' },
  );
}
