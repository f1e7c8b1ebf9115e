/**
 * The files of a store belong to the ids of the user namespace they were written in. Seen through other ids
 * they would have other owners, and layers made of them would be wrong: so the store says which it was. A
 * store of root says nothing.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, IntegrityError, systemCode } from '../../core/errors.ts';
import { asideOf } from '../../sys/atomic-file.ts';
import {
  type IdMaps,
  type IdRange,
  isInitialUserNamespace,
  ownIdMaps,
} from '../../sys/user-namespace/id-map.ts';

/**
 * To be asked before files of snapshots are read or written.
 * @throws HostError `other-owners`
 */
export function checkOwners(root: string): void {
  const path = join(root, 'owners');
  const before = readOwners(path);
  const now = isInitialUserNamespace() ? undefined : ownIdMaps();
  if (before === undefined && now === undefined) return;
  if (before !== undefined && (now === undefined || !covers(now, before))) throw otherOwners(root, now);
  const text = `${JSON.stringify(now)}\n`;
  if (before === undefined || `${JSON.stringify(before)}\n` !== text) writeOwners(path, text);
}

function readOwners(path: string): IdMaps | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as IdMaps;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) {
      throw new IntegrityError('damaged-store', `${path} is damaged: whose files the store holds is lost`, {
        hint: 'remove its images ("strata rmi") and all else ("strata prune --all"), and build again',
        cause: error,
      });
    }
    throw error;
  }
}

function writeOwners(path: string, text: string): void {
  const aside = asideOf(path);
  const fd = openSync(aside, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(aside, path);
}

/** Whether every id of `before` is still what it was. */
function covers(now: IdMaps, before: IdMaps): boolean {
  const isIn = (ranges: readonly IdRange[]) => (old: IdRange) =>
    ranges.some(
      ({ inside, outside, count }) =>
        inside <= old.inside &&
        old.inside + old.count <= inside + count &&
        outside - inside === old.outside - old.inside,
    );
  return before.uids.every(isIn(now.uids)) && before.gids.every(isIn(now.gids));
}

function otherOwners(root: string, now: IdMaps | undefined): HostError {
  const why =
    now === undefined
      ? 'was made by a build without root'
      : 'was made with other subordinate ids than your user has now';
  return new HostError('other-owners', `the store ${root} ${why}: its files would have other owners`, {
    hint:
      now === undefined
        ? 'build as the user it belongs to, or choose another --root'
        : 'give the user its ranges of /etc/subuid and /etc/subgid back, or choose another --root',
  });
}
