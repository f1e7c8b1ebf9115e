import type { PatternList } from '../../context/patterns/pattern-list.ts';
import { type BytePath, joinBytePath } from '../../core/byte-path.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { OnFound, SelectedFile } from '../selection.ts';

/** Which paths below a directory are taken, relative to it. */
export interface TakeRule {
  takes(path: BytePath): boolean;
  /** Whether anything below a directory that is not taken may be; errs towards yes. */
  mayTakeBelow(directory: BytePath): boolean;
}

/** Everything but what the patterns match (`--exclude`). */
export function excluding(patterns: PatternList): TakeRule {
  return {
    takes: (path) => !patterns.matches(path),
    mayTakeBelow: (directory) => !patterns.matches(directory) || patterns.mayDifferBelow(directory),
  };
}

/** Only what the patterns match, of what the rule takes (`--parents`). */
export function selecting(patterns: PatternList, rule: TakeRule): TakeRule {
  return {
    takes: (path) => patterns.matches(path) && rule.takes(path),
    mayTakeBelow: (directory) =>
      (patterns.matches(directory) || patterns.mayDifferBelow(directory)) && rule.mayTakeBelow(directory),
  };
}

/**
 * Everything below a directory that the rule takes, parents before children, in byte order within each
 * directory. A directory that is not taken itself but leads to something that is comes along as a passage.
 */
export function walkTaken(
  tree: FileTree,
  top: BytePath,
  rule: TakeRule,
  onFound: OnFound | undefined,
): SelectedFile[] {
  const found: SelectedFile[] = [];

  const walk = (directory: BytePath, below: BytePath): void => {
    for (const name of tree.list(directory)) {
      const path = joinBytePath(directory, name);
      const to = joinBytePath(below, name);
      const isTaken = rule.takes(to);
      if (!isTaken && !rule.mayTakeBelow(to)) continue;
      const stat = tree.lstat(path);
      if (stat === undefined || (!isTaken && stat.type !== 'directory')) continue;
      const before = found.length;
      const file = { path, to, stat, isPassage: !isTaken };
      found.push(file);
      if (isTaken) onFound?.(tree, file);
      if (stat.type !== 'directory') continue;
      walk(path, to);
      if (!isTaken && found.length === before + 1) found.pop();
    }
  };

  walk(top, '');
  return found;
}
