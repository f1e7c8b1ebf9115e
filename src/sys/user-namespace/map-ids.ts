/**
 * Ways to give a new user namespace its ids, the best first. Each takes a process in the namespace and is
 * fulfilled with why not when it cannot; '' where there is nothing to say.
 */
import { writeFileSync } from 'node:fs';
import { hasCapability } from '../capability-sets.ts';
import { findProgram } from '../probe.ts';
import { spawnProcess } from '../process/spawn.ts';
import { type IdRange, ownIdMaps } from './id-map.ts';
import { currentUser, mapWithSubordinates, subordinateIds } from './subordinate-ids.ts';

type MapIDs = (pid: number) => Promise<string | undefined>;

/** Root without the rights of root, as in a container: may give all the ids it has itself. */
export const mapOwnRanges: MapIDs = async (pid) => {
  if (!hasCapability('setUid') || !hasCapability('setGid')) return '';
  const { uids, gids } = ownIdMaps();
  return writeMaps(pid, uids.flatMap(rootApart), gids.flatMap(rootApart));
};

/**
 * The same ids again, root's a range of its own: runc takes whoever has all ids in one range for root of the
 * machine, and insists on control groups.
 */
function rootApart({ inside, count }: IdRange): IdRange[] {
  const same = (first: number, size: number) => ({ inside: first, outside: first, count: size });
  return inside === 0 && count > 1 ? [same(0, 1), same(1, count - 1)] : [same(inside, count)];
}

/** By the programs that may do what the person alone may not. */
export const mapSubordinateIDs: MapIDs = async (pid) => {
  const user = currentUser();
  const [newuidmap, newgidmap] = [findProgram('newuidmap'), findProgram('newgidmap')];
  if (newuidmap === undefined || newgidmap === undefined) {
    return 'newuidmap and newgidmap are not installed (Debian: apt-get install uidmap)';
  }
  const sides = [
    { program: newuidmap, own: user.uid, path: '/etc/subuid' },
    { program: newgidmap, own: user.gid, path: '/etc/subgid' },
  ];
  const reasons = await Promise.all(
    sides.map(async ({ program, own, path }) => {
      const granted = subordinateIds(path, user);
      if (granted.length === 0) return `${path} has no line for ${user.name}`;
      const ranges = mapWithSubordinates(own, granted);
      let said = '';
      const result = await spawnProcess(
        program,
        [pid, ...ranges.flatMap(({ inside, outside, count }) => [inside, outside, count])].map(String),
        {
          onStderr: (chunk) => {
            said += Buffer.from(chunk).toString();
          },
        },
      );
      return result.kind === 'exited' && result.code === 0 ? undefined : said.trim() || `${program} failed`;
    }),
  );
  return reasons.find((reason) => reason !== undefined);
};

/** Everybody may be root of their own files. */
export const mapSingleID: MapIDs = async (pid) => {
  const { uid, gid } = currentUser();
  try {
    // Without it a group that takes rights away could be left (user_namespaces(7)).
    writeFileSync(`/proc/${pid}/setgroups`, 'deny');
  } catch (error) {
    return (error as Error).message;
  }
  return writeMaps(pid, [{ inside: 0, outside: uid, count: 1 }], [{ inside: 0, outside: gid, count: 1 }]);
};

function writeMaps(pid: number, uids: readonly IdRange[], gids: readonly IdRange[]): string | undefined {
  const text = (ranges: readonly IdRange[]) =>
    ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
  try {
    writeFileSync(`/proc/${pid}/uid_map`, text(uids));
    writeFileSync(`/proc/${pid}/gid_map`, text(gids));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
