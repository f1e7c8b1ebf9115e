import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, fail, ok } from '../finding.ts';

/** Nothing of this program is older. */
const earliest = Date.UTC(2024, 0, 1);
const toleranceMs = 5 * 60_000;
/** What builds write into. */
const usedDirectories = ['images', 'steps', 'builds'];

/** A clock that runs behind makes prune take what was just used, and certificates not yet valid. */
export function clock(root: string): Finding {
  const now = Date.now();
  const remedy = 'timedatectl set-ntp true';
  const written = Math.max(...usedDirectories.map((name) => changedAt(join(root, name))));
  const text = new Date(now).toISOString();
  if (now < earliest) return fail('clock', `${text}, which is long past`, remedy);
  if (written > now + toleranceMs) {
    return fail('clock', `${text}, and the store was used ${new Date(written).toISOString()}`, remedy);
  }
  return ok('clock', text);
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
