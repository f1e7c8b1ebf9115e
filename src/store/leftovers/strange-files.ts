import { join } from 'node:path';
import { fileKind, isFrame } from '../disk-use/file-kinds.ts';
import { filesBeneath } from './files-beneath.ts';
import type { Leftover } from './leftover.ts';

/** What no strata puts into a store: nobody dares to remove it. */
export function strangeFiles(root: string): Leftover[] {
  return filesBeneath(root, '')
    .filter((path) => !path.startsWith('run/') && fileKind(path).role === 'kept' && !isFrame(path))
    .map((path) => ({
      kind: 'file',
      text: `${join(root, path)} is not of this store`,
      remedy: `rm -r '${join(root, path)}'`,
    }));
}
