import { rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readRefs } from '../../content/refs.ts';
import { systemCode } from '../../core/errors.ts';
import { alone } from '../../sys/use-mark.ts';
import { openDirectories } from '../disk-use/file-kinds.ts';
import { listDirectory } from '../disk-use/store-files.ts';

/**
 * Takes away directories that nothing is in any more, so that an empty store is nothing but its `version`.
 * @param isQuiet whether nothing runs on the store; while we look nothing can begin to
 */
export function removeFrame(root: string, isQuiet: () => boolean): void {
  alone([root], () => {
    if (!isQuiet()) return;
    const images = join(root, 'images');
    if (listDirectory(root, 'images/blobs/sha256').length === 0 && readRefs(images).length === 0) {
      for (const name of ['index.json', 'index.sealed.json', 'index.lock', 'oci-layout']) {
        rmSync(join(images, name), { force: true });
      }
      rmSync(join(root, 'members'), { force: true });
    }
    if (listDirectory(root, 'snapshots').length === 0) {
      for (const name of ['sizes.json', 'unflushed'])
        rmSync(join(root, name), { recursive: true, force: true });
      // Nothing is left that belongs to anybody in particular.
      if (listDirectory(root, 'cache-mounts').length === 0) rmSync(join(root, 'owners'), { force: true });
    }
    for (const directory of [...openDirectories, 'run'].sort().reverse()) {
      if (directory !== '') removeEmpty(join(root, directory));
    }
  });
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'ENOENT') throw error;
  }
}
