/**
 * Patterns in order, the last that applies decides (Dockerfile reference, 5.2). A pattern applies to a
 * path if it matches the path or any directory above it.
 */
import { type BytePath, bytePathToText, parentOf } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
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
      parsed.push(parsePattern(trimmed));
    } catch (error) {
      if (!(error instanceof PatternSyntaxError)) throw error;
      throw new StepError('bad-pattern', `${flag}: ${error.message}`, {
        hint: 'a class needs its closing bracket and a backslash something to escape; write [[] for a bracket itself',
      });
    }
  }
  return patternList(parsed);
}

/**
 * Remembers for every directory it met which patterns apply to it, so that a walk compares each name once
 * with each pattern however deep it stands.
 */
export function patternList(patterns: readonly PathPattern[]): PatternList {
  const appliesTo = new Map<BytePath, Uint8Array>([['', new Uint8Array(patterns.length)]]);

  const directoryApplies = (path: BytePath): Uint8Array => {
    const known = appliesTo.get(path);
    if (known !== undefined) return known;
    const applies = Uint8Array.from(directoryApplies(parentOf(path)));
    const text = bytePathToText(path);
    for (const [at, pattern] of patterns.entries()) if (pattern.matches(text)) applies[at] = 1;
    appliesTo.set(path, applies);
    return applies;
  };

  const decidedBy = (path: BytePath): number | undefined => {
    if (path === '') return undefined;
    const inherited = directoryApplies(parentOf(path));
    const text = bytePathToText(path);
    for (let at = patterns.length - 1; at >= 0; at--) {
      if (inherited[at] === 1 || patterns[at]?.matches(text)) return at;
    }
    return undefined;
  };

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
