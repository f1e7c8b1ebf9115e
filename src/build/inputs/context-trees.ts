import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DigestIndex, openDigestIndex } from '../../context/digest-index.ts';
import { openFolder } from '../../context/folder.ts';
import type { IgnoreRules } from '../../context/patterns/ignore.ts';
import { assert } from '../../core/assert.ts';
import { isDiskFull } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { OnDamagedFile } from '../../sys/sealed-file.ts';
import { markUsed } from '../../sys/use-mark.ts';

/** Where a context lies, and what of it counts. */
export interface ContextFolder {
  readonly directory: string;
  readonly ignore: IgnoreRules | undefined;
}

/** The files of the contexts of one build. */
export interface ContextTrees {
  /** Opens a context by its name, once; '' is the main one. */
  open(name: string): FileTree;
  /** Keeps what was learnt about the content of unchanged files for the next build. */
  save(): Promise<void>;
}

/**
 * Opens no context before it is asked for.
 * @param root holds what was learnt of the files before
 * @param startedAt of the build, in milliseconds since the epoch: no later than the first look at a file
 * @param onDamage told of what was learnt and is damaged; it is gone then
 */
export function openContextTrees(
  root: string,
  folders: ReadonlyMap<string, ContextFolder>,
  startedAt: number,
  onDamage: OnDamagedFile | undefined,
): ContextTrees {
  const indexes: DigestIndex[] = [];
  const trees = new Map<string, FileTree>();
  return {
    open(name) {
      const known = trees.get(name);
      if (known !== undefined) return known;
      const folder = folders.get(name);
      assert(folder !== undefined, `the plan asks for known contexts only, not "${name}"`);
      const digests = openDigestIndex(indexFile(root, folder.directory), startedAt, onDamage);
      indexes.push(digests);
      const tree = openFolder(folder.directory, { ignore: folder.ignore, uidGid: 'root', digests });
      trees.set(name, tree);
      return tree;
    },
    async save() {
      try {
        for (const index of indexes) await index.save();
      } catch (error) {
        // It would only have saved some reading.
        if (!isDiskFull(error)) throw error;
      }
    },
  };
}

function indexFile(root: string, directory: string): string {
  const contexts = join(root, 'contexts');
  mkdirSync(contexts, { recursive: true, mode: 0o700 });
  const path = join(contexts, createHash('sha256').update(directory).digest('hex').slice(0, 32));
  markUsed(path);
  return path;
}
