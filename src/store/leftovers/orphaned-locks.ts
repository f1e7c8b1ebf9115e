import { statSync } from 'node:fs';
import { join } from 'node:path';
import { filesBeneath } from './files-beneath.ts';
import { kernelText } from './kernel-text.ts';
import type { Leftover } from './leftover.ts';

/** Locks whose taker is dead while somebody it started still has them: whoever wants them waits for ever. */
export function orphanedLocks(root: string): Leftover[] {
  const orphans = new Map<string, string>();
  for (const line of kernelText('/proc/locks').split('\n')) {
    const [, pid = '', place = ''] = /FLOCK +\S+ +\S+ +(\d+) (\S+)/.exec(line) ?? [];
    if (pid !== '' && statSync(`/proc/${pid}`, { throwIfNoEntry: false }) === undefined)
      orphans.set(place, pid);
  }
  if (orphans.size === 0) return [];
  return filesBeneath(root, '').flatMap((path): Leftover[] => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    const pid = stat === undefined ? undefined : orphans.get(placeOf(stat.dev, stat.ino));
    if (pid === undefined) return [];
    return [
      {
        kind: 'lock',
        text: `${join(root, path)} is locked for process ${pid}, which is gone`,
        remedy: `fuser --kill '${join(root, path)}'`,
      },
    ];
  });
}

/** As /proc/locks writes it: `fe:01:123`. */
function placeOf(device: number, inode: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return `${hex(major)}:${hex(minor)}:${inode}`;
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0');
}
