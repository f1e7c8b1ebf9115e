import { type BytePath, bytePathToText, cleanBeneath, parentOf } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import { type FileStat, resolveBeneath } from '../core/file-tree.ts';
import type { Destination } from './destination.ts';

/** What must be a directory whatever the source is: all of a destination that says so, else what leads to it. */
export function makeLeadingDirectories(onto: Destination, dest: BytePath, made: FileStat): void {
  const clean = cleanBeneath(dest);
  makeDirectories(onto, resolveBeneath(onto, /(?:^|\/)\.?$/.test(dest) ? clean : parentOf(clean)), made);
}

/**
 * Makes a resolved path a directory, with all that lead to it; existing ones stay as they are.
 * @param made what new ones are like
 * @throws StepError `not-a-directory`
 */
export function makeDirectories(onto: Destination, path: BytePath, made: FileStat): void {
  if (path === '') return;
  const there = onto.lstat(path);
  if (there?.type === 'directory') return;
  makeDirectories(onto, parentOf(path), made);
  if (there !== undefined) {
    throw new StepError('not-a-directory', `"${shown(path)}" is not a directory`, {
      hint: 'the destination leads through it; remove it in an earlier step or choose another destination',
    });
  }
  onto.put(path, { stat: made, target: '', xattrs: () => [] });
}

/** A path of the destination for people. */
export function shown(path: BytePath): string {
  return `/${bytePathToText(path)}`;
}
