/** What the paths of COPY and ADD may have been meant as: told where one of them is not there. */
import { commentHelp } from './did-you-mean.ts';
import { whyNoArray } from './no-array.ts';

/**
 * A help line for paths that look like something else; undefined for those that do not.
 * @param text all paths as written: no JSON array, whatever it looks like
 * @param words what it was split into
 */
export function oddPaths(text: string, words: readonly string[]): string | undefined {
  const lack = whyNoArray(text);
  if (lack !== undefined) return `this is no JSON array, so each word is a path: ${lack}`;
  if (words.slice(1).some((word) => word.startsWith('#')))
    return `a # behind an instruction does not begin a comment, so each word is a path: ${commentHelp}`;
  return undefined;
}
