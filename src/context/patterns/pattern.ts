/**
 * One pattern of an ignore file, of `--exclude` or of `--parents` (Dockerfile reference, 5.2): anchored at
 * both ends, matched against a whole relative path, with `**` for any number of directories.
 */
import {
  classHas,
  classSource,
  literalSource,
  PatternSyntaxError,
  parseWildcards,
  type WildcardToken,
} from './wildcard.ts';

export interface PathPattern {
  /** Cleaned, without `!`. */
  readonly text: string;
  readonly isException: boolean;
  matches(path: string): boolean;
  /** Whether some path below `directory` may match; errs towards yes. */
  mayMatchBelow(directory: string): boolean;
}

/**
 * Reads one trimmed, non-empty pattern, `!` and all.
 * @param root what a leading slash means: nothing, or the root of the machine, where no path of ours is
 * @throws PatternSyntaxError
 */
export function parsePattern(written: string, root: 'ours' | 'none'): PathPattern {
  const isException = written.startsWith('!');
  const body = isException ? written.slice(1).trim() : written;
  if (body === '') throw new PatternSyntaxError('illegal exclusion pattern "!"');
  const text = root === 'none' && body.startsWith('/') ? `/${cleanPattern(body)}` : cleanPattern(body);
  const tokens = parseWildcards(text);
  return { text, isException, matches: matcher(text, tokens), mayMatchBelow: reach(tokens) };
}

/** Cleans lexically and drops one leading slash; `..` survives only at the front, where it matches nothing. */
function cleanPattern(pattern: string): string {
  const isRooted = pattern.startsWith('/');
  const out: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') out.push(part);
    else if (out.length > 0 && out.at(-1) !== '..') out.pop();
    else if (!isRooted) out.push('..');
  }
  return out.join('/') || (isRooted ? '' : '.');
}

/** Most patterns are a name, a suffix or a prefix: those need no regular expression. */
function matcher(text: string, tokens: readonly WildcardToken[]): (path: string) => boolean {
  if (tokens.every((token) => token.kind === 'literal')) {
    const literal = tokens.map((token) => (token.kind === 'literal' ? token.char : '')).join('');
    return (path) => path === literal;
  }
  const rest = text.slice(2);
  if (text.startsWith('**') && !/[*?[\\]/.test(rest)) {
    if (!rest.startsWith('/')) return (path) => path.endsWith(rest);
    const name = rest.slice(1);
    return (path) => path.endsWith(rest) || path === name;
  }
  const head = text.slice(0, -2);
  if (text.endsWith('**') && !/[*?[\\]/.test(head)) return (path) => path.startsWith(head);
  const regexp = new RegExp(`^${regexpSource(tokens)}$`, 'su');
  return (path) => regexp.test(path);
}

function regexpSource(tokens: readonly WildcardToken[]): string {
  let source = '';
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as WildcardToken;
    if (token.kind === 'literal') source += literalSource(token.char);
    else if (token.kind === 'one') source += '[^/]';
    else if (token.kind === 'class') source += classSource(token);
    else if (tokens[at + 1]?.kind !== 'run') source += '[^/]*';
    else {
      at++;
      if (isSlash(tokens[at + 1])) at++;
      source += at + 1 === tokens.length ? '.*' : '(?:.*/)?';
    }
  }
  return source;
}

/**
 * Compares a directory with the pattern's leading components, up to the first that may span several
 * directories: beyond that everything is in reach.
 */
function reach(tokens: readonly WildcardToken[]): (directory: string) => boolean {
  const heads: RegExp[] = [];
  let component: WildcardToken[] = [];
  let isOpen = false;
  for (const [at, token] of [...tokens, slash].entries()) {
    isOpen =
      (token.kind === 'run' && tokens[at + 1]?.kind === 'run') ||
      (token.kind === 'class' && classHas(token, '/'));
    if (isOpen) break;
    if (isSlash(token)) {
      heads.push(new RegExp(`^${regexpSource(component)}$`, 'su'));
      component = [];
    } else component.push(token);
  }
  return (directory) => {
    const parts = directory.split('/');
    if (!isOpen && parts.length >= heads.length) return false;
    return heads.every((head, at) => at >= parts.length || head.test(parts[at] as string));
  };
}

const slash: WildcardToken = { kind: 'literal', char: '/' };

function isSlash(token: WildcardToken | undefined): boolean {
  return token?.kind === 'literal' && token.char === '/';
}
