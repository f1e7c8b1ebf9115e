import { constants, copyFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freeBytes } from '../../sys/disk-usage.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';

/** By the number in statfs(2). */
const names: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  801189825: 'zfs',
  4076150800: 'f2fs',
  16914836: 'tmpfs',
  2035054128: 'overlay',
  26985: 'nfs',
  1702057286: 'fuse',
};

/** A base image of a common language, unpacked. */
const roomForOneBuild = 2e9;

/** @param scratch an empty directory in the store */
export function disk(root: string, scratch: string): Finding {
  const { type } = statfsSync(root);
  const free = freeBytes(root);
  const text = [
    names[type] ?? `a filesystem of type 0x${type.toString(16)}`,
    `${(free / 1e9).toFixed(1)}GB free`,
    `files are ${canShareBlocks(scratch) ? 'shared' : 'written'} when copied`,
  ].join(', ');
  const remedy = 'strata prune --all, or a larger disk for --root';
  if (free === 0) return fail('disk', text, remedy);
  if (free < roomForOneBuild) return warn('disk', text, remedy);
  if (names[type] === 'nfs') {
    return warn(
      'disk',
      `${text}; locks and owners of files are not to be relied on`,
      'put --root on a local disk',
    );
  }
  return ok('disk', text);
}

/** Whether a copy takes no room of its own (reflink). */
function canShareBlocks(scratch: string): boolean {
  const file = join(scratch, 'file');
  writeFileSync(file, 'blocks');
  try {
    copyFileSync(file, join(scratch, 'copy'), constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  }
}
