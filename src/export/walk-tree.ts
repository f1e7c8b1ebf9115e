import { type BytePath, joinBytePath } from '../core/byte-path.ts';
import type { FileStat, FileTree } from '../core/file-tree.ts';

/** A file of a tree, or the end of a directory whose files have all been seen. */
export type TreeStep =
  | { readonly kind: 'file'; readonly path: BytePath; readonly stat: FileStat; readonly sameAs?: BytePath }
  | { readonly kind: 'leave'; readonly path: BytePath; readonly stat: FileStat };

/**
 * Every file of a tree but its root, directories before what they hold, names in byte order. Of several
 * names of one file all but the first say so in `sameAs`. Sockets, which no archive or image can hold, are
 * left out.
 */
export function* walkTree(tree: FileTree, below: BytePath = ''): Generator<TreeStep> {
  yield* walk(tree, below, new Map());
}

function* walk(tree: FileTree, directory: BytePath, names: Map<string, BytePath>): Generator<TreeStep> {
  for (const name of tree.list(directory)) {
    const path = joinBytePath(directory, name);
    const stat = tree.lstat(path);
    if (stat === undefined || stat.type === 'socket') continue;
    if (stat.type === 'directory') {
      yield { kind: 'file', path, stat };
      yield* walk(tree, path, names);
      yield { kind: 'leave', path, stat };
      continue;
    }
    const first = stat.linkCount > 1 ? names.get(stat.inode) : undefined;
    if (stat.linkCount > 1 && first === undefined) names.set(stat.inode, path);
    yield first === undefined ? { kind: 'file', path, stat } : { kind: 'file', path, stat, sameAs: first };
  }
}
