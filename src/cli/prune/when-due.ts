/**
 * Pruning after a build, by a process of its own that nobody waits for. Whether one is due is told by the time
 * of one small file, the lock of that process: it is when the last one began.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startDetached } from '../../sys/process/start-detached.ts';
import { diskBytesOf, freeBytesOf, parseShare } from '../flags/share.ts';
import type { PruneSettings } from './settings.ts';

const pauseMs = { usual: 3_600_000, whenShort: 60_000 };

/** The lock that an automatic prune of a root holds. */
export function pruneLock(root: string): string {
  return join(root, 'locks', 'prune');
}

/** Starts a prune in the background if the last one is long enough ago; takes a moment either way. */
export function startPruneWhenDue(root: string, { isAutomatic, free }: PruneSettings): void {
  if (!isAutomatic) return;
  const lock = pruneLock(root);
  const last = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (last === undefined) {
    // A store that has just begun: its time starts now.
    mkdirSync(dirname(lock), { recursive: true });
    closeSync(openSync(lock, 'a', 0o600));
    return;
  }
  const isShort = freeBytesOf(root) < parseShare('free', free, () => diskBytesOf(root));
  if (Date.now() - last < (isShort ? pauseMs.whenShort : pauseMs.usual)) return;
  const [, program = ''] = process.argv;
  startDetached(process.execPath, [program, '--root', root, 'prune', '--automatic']);
}
