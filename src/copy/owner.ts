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

const maxID = 0xffff_ffff;
/** Far above any real user database. */
const maxDatabaseBytes = 16 << 20;

/**
 * Resolves `user[:group]`. A number stands for itself, and alone for the group too; an unknown name is 0.
 * @throws StepError `no-user-database` for a name when the tree is empty
 */
export function resolveOwner(tree: FileTree, owner: string): Owner {
  const [user = '', group] = owner.split(':', 2);
  if (user === 'root' && (group === undefined || group === 'root')) return { uid: 0, gid: 0 };
  const lookUp = (file: string, name: string): string[] => {
    if (tree.list('').length === 0) throw noDatabase(owner);
    return findRecord(tree, file, name);
  };

  const uid = numeric(user);
  const account = uid === undefined && user !== '' ? lookUp('etc/passwd', user) : [];
  const gid = group === undefined ? undefined : numeric(group);
  const named = group === undefined || group === '' || gid !== undefined ? [] : lookUp('etc/group', group);
  return {
    uid: uid ?? numeric(account[2] ?? '') ?? 0,
    gid:
      gid ?? numeric(named[2] ?? '') ?? (group === undefined ? (uid ?? numeric(account[3] ?? '') ?? 0) : 0),
  };
}

function numeric(text: string): number | undefined {
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= maxID ? Number(text) : undefined;
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
