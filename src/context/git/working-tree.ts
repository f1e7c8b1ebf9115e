/** The files of a checkout. */
import { join } from 'node:path';
import { type BytePath, bytePathFromText, joinBytePath } from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import { resolveBeneath } from '../../core/file-tree.ts';
import { setTimes } from '../../sys/node.ts';
import { removeTrees } from '../../sys/remove-tree.ts';
import { openFolder } from '../folder.ts';

/** Gives every file one time, in seconds since the epoch. */
export function setAllTimes(directory: string, seconds: number): void {
  const files = openFolder(directory, { uidGid: 'keep' });
  const visit = (path: BytePath): void => {
    if (files.lstat(path)?.type === 'directory')
      for (const name of files.list(path)) visit(joinBytePath(path, name));
    setTimes(joinBytePath(bytePathFromText(directory), path), { seconds, nanoseconds: 0 });
  };
  visit('');
}

/** Removes what git keeps for itself: `.git` of the repository and of its submodules. */
export async function removeGitFiles(directory: string): Promise<void> {
  const files = openFolder(directory, { uidGid: 'keep' });
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const name of files.list(path)) {
      const below = path === '' ? name : `${path}/${name}`;
      // Submodules have a file of that name; git itself refuses to track one.
      if (name === '.git') found.push(join(directory, Buffer.from(below, 'latin1').toString()));
      else if (files.lstat(below)?.type === 'directory') walk(below);
    }
  };
  walk('');
  await removeTrees(found);
}

/**
 * A directory of the checkout, its symlinks followed within it.
 * @throws StepError `no-such-directory`
 */
export function subdirectoryOf(directory: string, subdirectory: string): string {
  const tree = openFolder(directory, { uidGid: 'keep' });
  const path = resolveBeneath(tree, bytePathFromText(subdirectory));
  if (tree.lstat(path)?.type !== 'directory') {
    throw new StepError('no-such-directory', `the repository has no directory "${subdirectory}"`, {
      hint: 'check the part behind the colon of URL#ref:subdirectory',
    });
  }
  return join(directory, Buffer.from(path, 'latin1').toString());
}
