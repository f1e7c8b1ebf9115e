/** A thread that reads files of contexts for their digests, while the main thread reads others. */
import { openFolder } from '../../context/folder.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { answerQuestions } from '../../sys/thread/thread.ts';
import type { FilesToHash } from './hash-ahead.ts';
import { hashContent } from './hash-content.ts';
import type { Content } from './known-content.ts';
import { xattrWord } from './words.ts';

/** As the main thread opens them: no symlink leads out of one. */
const trees = new Map<string, FileTree>();

answerQuestions((files: FilesToHash): Content[] =>
  files.map(({ directory, path, size }) => {
    const tree = trees.get(directory) ?? openFolder(directory, { uidGid: 'keep' });
    trees.set(directory, tree);
    const run = hashContent(tree, path, size);
    for (;;) {
      const { done, value } = run.next();
      if (done === true) return { digest: value, xattrs: xattrWord(tree, path) };
    }
  }),
);
