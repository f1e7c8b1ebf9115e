/**
 * From the source arguments of COPY and ADD to the files they mean (Dockerfile reference, 3.6 "Source
 * side" and 5.4).
 */
import { compilePatterns } from '../../context/patterns/pattern-list.ts';
import { type BytePath, baseName, bytePathFromText, cleanBeneath } from '../../core/byte-path.ts';
import { type FileTree, resolveBeneath } from '../../core/file-tree.ts';
import type { OnFound, SelectedSource, Selection, SelectRequest } from '../selection.ts';
import { sourceNotFound } from './missing-source.ts';
import { excluding, selecting, type TakeRule, walkTaken } from './walk.ts';
import { expandWildcard, hasWildcard, unescaped } from './wildcard.ts';

/**
 * Selects the files that COPY or ADD takes from a tree.
 * @param onFound told of each as it is found
 * @throws StepError `source-not-found` for a plain source that is not there, `bad-pattern`
 */
export async function selectFiles(
  tree: FileTree,
  request: SelectRequest,
  onFound?: OnFound,
): Promise<Selection> {
  const rule = excluding(compilePatterns(request.excludes, '--exclude'));
  const sources: SelectedSource[] = [];
  for (const [argument, source] of request.sources.entries()) {
    if (request.keepsParents) {
      sources.push(...(await selectParents(tree, source, argument, rule, onFound)));
      continue;
    }
    for (const path of await pathsOf(tree, source, request.isLiteral)) {
      const selected = selectPath(tree, path, argument, rule, onFound);
      if (selected === undefined) throw sourceNotFound(tree, path, source);
      sources.push(selected);
    }
  }
  return { sources, heredocs: request.heredocs };
}

/** What a source argument stands for: itself, or what its wildcards match. */
async function pathsOf(tree: FileTree, source: string, isLiteral = false): Promise<BytePath[]> {
  const clean = cleanBeneath(source);
  return !isLiteral && hasWildcard(clean) ? expandWildcard(tree, clean) : [bytePathFromText(clean)];
}

/** A symlink is followed when it is named itself, and the copy keeps its name; undefined for what is not there. */
function selectPath(
  tree: FileTree,
  named: BytePath,
  argument: number,
  rule: TakeRule,
  onFound: OnFound | undefined,
): SelectedSource | undefined {
  const path = resolveBeneath(tree, named);
  const stat = tree.lstat(path);
  if (stat === undefined) return undefined;
  if (stat.type === 'directory') {
    return { kind: 'directory', tree, argument, top: stat, files: walkTaken(tree, path, rule, onFound) };
  }
  const file = { path, to: '', stat, isPassage: false };
  onFound?.(tree, file);
  return { kind: 'file', tree, argument, name: baseName(named), file };
}

/**
 * `--parents`: the part after the pivot `/./` is a pattern of the ignore-file kind below the directories
 * that the part before it names. It is an error to find nothing only if neither part has a wildcard; a
 * wildcard before the pivot that matches nothing does nothing, as without `--parents`.
 */
async function selectParents(
  tree: FileTree,
  source: string,
  argument: number,
  rule: TakeRule,
  onFound: OnFound | undefined,
): Promise<SelectedSource[]> {
  const [, before = '', after = ''] = /^(?:(.*?)\/\.\/)?(.*)$/s.exec(source) ?? [];
  const pattern = cleanBeneath(after);
  const taken = pattern === '' ? rule : selecting(compilePatterns([pattern], '--parents'), rule);
  const selected: SelectedSource[] = [];
  const tops = await pathsOf(tree, before);
  if (tops.length === 0) return [];
  for (const named of tops) {
    const path = resolveBeneath(tree, named);
    const top = tree.lstat(path);
    if (top?.type !== 'directory') continue;
    selected.push({ kind: 'directory', tree, argument, top, files: walkTaken(tree, path, taken, onFound) });
  }
  if (selected.some((s) => s.kind === 'directory' && s.files.length > 0)) return selected;
  if (!hasWildcard(before) && !hasWildcard(pattern)) {
    const named = bytePathFromText(cleanBeneath(`${before}/${unescaped(pattern)}`));
    if (tree.lstat(resolveBeneath(tree, named)) === undefined) throw sourceNotFound(tree, named, source);
  }
  // The destination is made even for nothing in them.
  return selected.length > 0 ? selected : [{ kind: 'directory', tree, argument, files: [] }];
}
