/**
 * Wildcards in COPY and ADD sources (Dockerfile reference, 5.4). The rules are those of Go's
 * `filepath.Match`; fast-glob walks the tree and lists candidates for a pattern that is wider.
 */
import {
  classSource,
  literalSource,
  PatternSyntaxError,
  parseWildcards,
  type WildcardToken,
} from '../../context/patterns/wildcard.ts';
import {
  type BytePath,
  bytePathFromText,
  bytePathToText,
  compareBytes,
  joinBytePath,
} from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import { type FileTree, resolveBeneath } from '../../core/file-tree.ts';
import { sourceNotFound } from './missing-source.ts';
import { listCandidates } from './wildcard-candidates.ts';

/** Whether the text holds a `*`, `?` or `[` that no backslash takes the meaning from. */
export function hasWildcard(source: string): boolean {
  return /^(?:[^\\*?[]|\\.)*[*?[]/s.test(source);
}

/**
 * The paths that match, in lexical order per directory. What stands before the first wildcard is resolved
 * with its symlinks, from there on none is followed. That part must be there, though it may match nothing.
 * @param source cleaned, with a wildcard
 * @throws StepError `bad-pattern`, `source-not-found`
 */
export async function expandWildcard(tree: FileTree, source: string): Promise<BytePath[]> {
  const parts = source.split('/');
  const first = parts.findIndex((part) => hasWildcard(part));
  const components = parts.slice(first).map((part) => compileComponent(part, source));
  const literal = parts.slice(0, first).map(unescaped).join('/');
  const base = resolveBeneath(tree, bytePathFromText(literal));
  const stat = tree.lstat(base);
  if (stat === undefined) throw sourceNotFound(tree, bytePathFromText(literal), source);
  if (stat.type !== 'directory') return [];
  const glob = components.map((component) => component.glob).join('/');
  return (await listCandidates(tree, base, glob))
    .map((path) => path.split('/'))
    .filter((names) => names.every((name, at) => components[at]?.regexp.test(bytePathToText(name))))
    .sort(compareNames)
    .map((names) => joinBytePath(base, names.join('/')));
}

interface Component {
  readonly regexp: RegExp;
  /** For fast-glob, on bytes: matches at least what the expression matches. */
  readonly glob: string;
}

function compileComponent(component: string, source: string): Component {
  try {
    const tokens = parseWildcards(component);
    const regexp = new RegExp(`^${tokens.map(tokenSource).join('')}$`, 'su');
    return { regexp, glob: tokens.map(wideGlob).join('').replace(/\*+/g, '*') };
  } catch (error) {
    if (!(error instanceof PatternSyntaxError)) throw error;
    throw new StepError('bad-pattern', `"${source}": ${error.message}`, {
      hint: 'a class needs its closing bracket and a backslash something to escape; write [[] for a bracket itself',
    });
  }
}

function tokenSource(token: WildcardToken): string {
  if (token.kind === 'literal') return literalSource(token.char);
  if (token.kind === 'one') return '[^/]';
  return token.kind === 'run' ? '[^/]*' : classSource(token);
}

/** Plain characters and stars only: whatever else a glob knows, the two grammars read differently. */
function wideGlob(token: WildcardToken): string {
  return token.kind === 'literal' && /[\w.\-\u0080-\u{10ffff}]/u.test(token.char)
    ? bytePathFromText(token.char)
    : '*';
}

/** The text without its backslash escapes. */
export function unescaped(component: string): string {
  return component.replace(/\\(.)/gsu, '$1');
}

/** Component by component: `a/z` before `a.b`, as a walk meets them. */
function compareNames(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((name, i) => name !== b[i]);
  return at < 0 ? 0 : compareBytes(a[at] ?? '', b[at] ?? '');
}
