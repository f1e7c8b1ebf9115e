import { type SelectionDigest, selectionDigest } from '../../src/copy/digest/content-digest.ts';
import { openFileHasher } from '../../src/copy/digest/file-hasher.ts';
import { keptMetadata } from '../../src/copy/metadata.ts';
import { selectFiles } from '../../src/copy/select/select.ts';
import type { Selection, SelectRequest } from '../../src/copy/selection.ts';
import type { FileTree } from '../../src/core/file-tree.ts';

/** What a selection comes to, of which nothing was hashed before. */
export async function digestOf(selection: Selection, signal?: AbortSignal): Promise<SelectionDigest> {
  return selectionDigest(selection, keptMetadata({}), openFileHasher(signal));
}

/**
 * What selected files come to, as a build digests them: while they are selected it begins already.
 * @param between called when they are selected
 */
export async function selectAndDigest(
  tree: FileTree,
  request: SelectRequest,
  between: () => void = () => {},
  signal?: AbortSignal,
): Promise<SelectionDigest> {
  const hasher = openFileHasher(signal);
  try {
    const selection = await selectFiles(tree, request, hasher.found);
    between();
    return await selectionDigest(selection, keptMetadata({}), hasher);
  } finally {
    await hasher.end();
  }
}
