import { type BytePath, baseName, bytePathToText, joinBytePath, parentOf } from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import { type FileTree, resolveBeneath } from '../../core/file-tree.ts';
import { suggest } from '../../core/suggest.ts';

/**
 * The error for a source that is not there: says whether an ignore rule hides it, whether it is a symlink
 * to nothing, and which name nearby may have been meant.
 * @param path clean, as the Dockerfile names it
 * @param word as it stands there, variables expanded
 */
export function sourceNotFound(tree: FileTree, path: BytePath, word: string): StepError {
  const resolved = resolveBeneath(tree, path);
  const missing = `"/${bytePathToText(path)}": not found`;
  for (const hidden of [path, resolved]) {
    const why = tree.explainMissing?.(hidden);
    if (why === undefined) continue;
    return new StepError('source-not-found', `${missing}: ${why}`, {
      hint: `add a line "!${bytePathToText(hidden)}" at the end of the ignore file to take it in after all`,
      word,
    });
  }
  const link = resolveBeneath(tree, path, false);
  if (link !== resolved && tree.lstat(link)?.type === 'symlink') {
    const target = bytePathToText(tree.readlink(link));
    return new StepError('source-not-found', `${missing}: it is a symbolic link to "${target}"`, {
      hint: 'links are resolved inside the source; make the file it points to part of it',
      word,
    });
  }
  return new StepError('source-not-found', missing, { hint: hintFor(tree, resolved), word });
}

/** Speaks of the first component that is not there. */
function hintFor(tree: FileTree, path: BytePath): string {
  let missing = path;
  while (missing !== '' && tree.lstat(parentOf(missing)) === undefined) missing = parentOf(missing);
  const parent = parentOf(missing);
  const where = bytePathToText(parent);
  if (tree.lstat(parent)?.type !== 'directory') return `"/${where}" is no directory`;
  const name = bytePathToText(baseName(missing));
  const nearest = suggest(name, tree.list(parent).map(bytePathToText));
  if (nearest !== undefined) return `did you mean "${joinBytePath(where, nearest)}"?`;
  return `${where === '' ? 'the source' : `"/${where}"`} has no "${name}"; paths are relative to the root of the source`;
}
