/**
 * Patterns in order, the last that applies decides (Dockerfile reference, 5.2). A pattern applies to a
 * path if it matches the path or a directory above it.
 */
import { type BytePath, bytePathToText, parentOf } from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import { type PathPattern, parsePattern } from './pattern.ts';
import { PatternSyntaxError } from './wildcard.ts';

export interface PatternList {
  /** Whether the last pattern that applies is a normal one. The root ('') never matches. */
  matches(path: BytePath): boolean;
  /** The place of the pattern that decides, in the list; undefined if none applies. */
  decidedBy(path: BytePath): number | undefined;
  /** Whether anything below the directory may be decided otherwise than the directory itself; errs towards yes. */
  mayDifferBelow(directory: BytePath): boolean;
}

/**
 * Compiles the values of `--exclude` or `--parents`.
 * @throws StepError `bad-pattern`
 */
export function compilePatterns(patterns: readonly string[], flag: string): PatternList {
  const parsed: PathPattern[] = [];
  for (const written of patterns) {
    const trimmed = written.trim();
    if (trimmed === '') continue;
    try {
      parsed.push(parsePattern(trimmed, 'none'));
    } catch (error) {
      if (!(error instanceof PatternSyntaxError)) throw error;
      throw new StepError('bad-pattern', `${flag}: ${error.message}`, {
        hint: 'a class needs its closing bracket and a backslash something to escape; write [[] for a bracket itself',
      });
    }
  }
  return patternList(parsed);
}

/** How the patterns stand to a path. */
interface Verdict {
  /** 1 for each pattern that matches the path or a directory above it, as far as it was asked. */
  readonly applies: Uint8Array;
  readonly decidedBy: number | undefined;
}

/**
 * Remembers for every directory it met which patterns apply to it, so that a walk compares each name at most
 * once with each pattern however deep it stands.
 *
 * A pattern is only asked where it would change the verdict of those before it. One that was not asked of a
 * directory does not apply by it to what is below: after `a/f`, `!a` brings `a/f` not back.
 */
export function patternList(patterns: readonly PathPattern[]): PatternList {
  const root: Verdict = { applies: new Uint8Array(patterns.length), decidedBy: undefined };
  const directories = new Map<BytePath, Verdict>([['', root]]);

  const judge = (path: BytePath): Verdict => {
    const inherited = directory(parentOf(path)).applies;
    const applies = new Uint8Array(patterns.length);
    const text = bytePathToText(path);
    let decidedBy: number | undefined;
    let isMatched = false;
    for (const [at, pattern] of patterns.entries()) {
      const isAsked = pattern.isException === isMatched;
      if (inherited[at] !== 1 && !(isAsked && pattern.matches(text))) continue;
      applies[at] = 1;
      decidedBy = at;
      isMatched = !pattern.isException;
    }
    return { applies, decidedBy };
  };

  const directory = (path: BytePath): Verdict => {
    const known = directories.get(path);
    if (known !== undefined) return known;
    const verdict = judge(path);
    directories.set(path, verdict);
    return verdict;
  };

  const decidedBy = (path: BytePath): number | undefined => (path === '' ? undefined : judge(path).decidedBy);

  const matches = (path: BytePath): boolean => {
    const at = decidedBy(path);
    return at !== undefined && patterns[at]?.isException === false;
  };

  const mayDifferBelow = (directory: BytePath): boolean => {
    const isMatched = matches(directory);
    const text = bytePathToText(directory);
    return patterns.some((p) => p.isException === isMatched && (text === '' || p.mayMatchBelow(text)));
  };

  return { matches, decidedBy, mayDifferBelow };
}
