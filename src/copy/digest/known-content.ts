import type { FileStat, FileTree } from '../../core/file-tree.ts';
import type { SelectedFile } from '../selection.ts';

/** Two words about a file. */
export interface Content {
  /** In hex, `-` for what has no content. */
  readonly digest: string;
  /** Of its attributes that are copied; `-` for none. */
  readonly xattrs: string;
}

/**
 * What the tree's index says of a regular file or directory. It has the attributes as well, since a change
 * of either shows in the ctime: asking 20,000 files for their attributes takes as long as finding them.
 */
export function knownContent({ digests }: FileTree, { path, stat }: SelectedFile): Content | undefined {
  const known = isIndexed(stat) ? digests?.get(path, stat) : undefined;
  if (known === undefined) return undefined;
  const cut = known.indexOf('/');
  return { digest: known.slice(0, cut), xattrs: known.slice(cut + 1) };
}

/** Tells the tree's index. */
export function noteContent(
  { digests }: FileTree,
  { path, stat }: SelectedFile,
  { digest, xattrs }: Content,
): void {
  if (isIndexed(stat)) digests?.set(path, stat, `${digest}/${xattrs}`);
}

function isIndexed({ type }: FileStat): boolean {
  return type === 'file' || type === 'directory';
}
