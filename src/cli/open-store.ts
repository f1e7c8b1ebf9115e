import { join } from 'node:path';
import { checkRoot } from '../build/store/check-root.ts';
import { listRuns, openWorkspace } from '../build/store/workspace.ts';
import { openBlobStore } from '../content/dir-store.ts';
import { openRefs } from '../content/refs.ts';
import type { LocalStore } from '../store/local-store.ts';
import { removeFrame } from '../store/prune/remove-frame.ts';
import type { PruneSite } from '../store/prune.ts';

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
      blobs: openBlobStore(images, workspace.subdirectory('ingest'), join(root, 'partial')),
      refs: openRefs(images),
    });
  } finally {
    workspace.close();
  }
}

/**
 * Does `work` as a prune of a root; where it empties the store the directories go too.
 * @throws HostError `root-unusable`, `newer-store`
 */
export async function withPruneSite<T>(root: string, work: (site: PruneSite) => Promise<T>): Promise<T> {
  checkRoot(root);
  const workspace = openWorkspace(root);
  try {
    return await work({
      root,
      scratch: workspace.scratch,
      oldestStart: () => Math.min(...listRuns(root).map(({ startedAt }) => startedAt)),
      now: Date.now,
    });
  } finally {
    workspace.close();
    removeFrame(root, () => listRuns(root).length === 0);
  }
}
