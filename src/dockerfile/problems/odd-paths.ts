/** What the paths of COPY and ADD may have been meant as: told where one of them is not there. */
import { commentHelp } from './did-you-mean.ts';

/**
 * A help line for paths that look like something else; undefined for those that do not.
 * @param text all paths as written: no JSON array, whatever it looks like
 * @param words what it was split into
 */
export function oddPaths(text: string, words: readonly string[]): string | undefined {
  if (/^\[\s*["']/.test(text)) return `this is no JSON array, so each word is a path: ${whyNoArray(text)}`;
  if (words.slice(1).some((word) => word.startsWith('#')))
    return `a # behind an instruction does not begin a comment, so each word is a path: ${commentHelp}`;
  return undefined;
}

function whyNoArray(text: string): string {
  const end = text.lastIndexOf(']') + 1;
  if (end === 0) return 'its closing bracket is missing';
  if (/^\[\s*'/.test(text)) return 'strings take double quotes';
  if (/"\s+"/.test(text)) return 'a comma is missing between two strings';
  if (/,\s*\]/.test(text)) return 'a comma stands before its closing bracket';
  if (/\\[^"\\/bfnrtu]/.test(text)) return 'a backslash in a string is written twice';
  if (end < text.length) return `"${text.slice(end).trim()}" stands behind its closing bracket`;
  return 'it is made of strings in double quotes, with commas between';
}
