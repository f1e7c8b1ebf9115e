import { join } from 'node:path';
import { checkRoot } from '../build/check-root.ts';
import { openWorkspace } from '../build/workspace.ts';
import { openBlobStore } from '../content/dir-store.ts';
import { openRefs } from '../content/refs.ts';
import type { LocalStore } from '../store/local-store.ts';

/**
 * Does `work` with the images of a root; what it leaves unfinished is removed with the workspace.
 * @throws HostError `root-unusable`, `newer-store`
 */
export async function withLocalStore<T>(root: string, work: (store: LocalStore) => Promise<T>): Promise<T> {
  checkRoot(root);
  const workspace = openWorkspace(root);
  try {
    const images = join(root, 'images');
    return await work({
      blobs: openBlobStore(images, workspace.subdirectory('ingest')),
      refs: openRefs(images),
    });
  } finally {
    workspace.close();
  }
}
