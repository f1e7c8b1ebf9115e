import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { systemCode } from '../../core/errors.ts';
import type { IdRange } from './id-map.ts';

/** A range of ids that a user may map in namespaces (subuid(5)). */
interface GrantedRange {
  readonly first: number;
  readonly count: number;
}

/** The ranges a person was given, by name or by number, in the order of the file; none when it is missing. */
export function subordinateIds(
  path: string,
  user: { readonly name: string; readonly uid: number },
): GrantedRange[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EACCES') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    const [owner = '', first, count] = line.trim().split(':');
    if (owner !== user.name && owner !== String(user.uid)) return [];
    const range = { first: Number(first), count: Number(count) };
    return Number.isSafeInteger(range.first) && range.count > 0 ? [range] : [];
  });
}

/**
 * Root inside is the person itself; the ids from 1 on are the granted ranges one after the other. The same
 * order of the same ranges gives every file the same owner again.
 */
export function mapWithSubordinates(own: number, granted: readonly GrantedRange[]): IdRange[] {
  const ranges: IdRange[] = [{ inside: 0, outside: own, count: 1 }];
  let inside = 1;
  for (const { first, count } of granted) {
    ranges.push({ inside, outside: first, count });
    inside += count;
  }
  return ranges;
}

/** Who runs this process. A user of a container may be in no list of users: then the number is the name. */
export function currentUser(): { readonly name: string; readonly uid: number; readonly gid: number } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  try {
    return { name: userInfo().username, uid, gid };
  } catch {
    return { name: String(uid), uid, gid };
  }
}
