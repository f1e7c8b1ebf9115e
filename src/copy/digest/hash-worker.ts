/** A thread that reads files of contexts for their digests, while the main thread reads others. */
import { openFolder } from '../../context/folder.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { answerQuestions } from '../../sys/thread/thread.ts';
import { claimed, type FilesToHash } from './hash-ahead.ts';
import { hashContent } from './hash-content.ts';
import type { Content } from './known-content.ts';

/** As the main thread opens them: no symlink leads out of one. */
const trees = new Map<string, FileTree>();

answerQuestions(({ directory, files, claim }: FilesToHash): Content[] | undefined => {
  if (!claimed(claim)) return undefined;
  const tree = trees.get(directory) ?? openFolder(directory, { uidGid: 'keep' });
  trees.set(directory, tree);
  return files.map(({ path, size }) => {
    const run = hashContent(tree, path, size);
    for (;;) {
      const { done, value } = run.next();
      if (done === true) return value;
    }
  });
});
