import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../core/assert.ts';
import { bytePathFromText } from '../core/byte-path.ts';
import { during, systemCode } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import { removeSmallTree, removeTrees } from '../sys/remove-tree.ts';
import { partsOf, visibleLayers } from './layers.ts';
import { mergedTree } from './merged-tree.ts';
import { type MountOverlay, mountKernelOverlay } from './mount/overlay-mount.ts';
import { openStackMounts } from './mount/stack-mounts.ts';
import { keepsNotes, restOf, writeNotes } from './own-notes.ts';
import { isSnapshotID, randomID } from './snapshot-id.ts';
import type { SnapshotID, Snapshotter, Stack } from './snapshotter.ts';
import { ownDirectory, upperMaker } from './uppers.ts';

/**
 * Snapshots as directories in `directory`, mounted with overlay. Both directories are made when missing
 * and must be on one filesystem, one that overlay takes as an upper.
 *
 * @param workDirectory what this build alone writes in; `close` and removing it leaves nothing behind
 * @param beforePublishing called when a snapshot is complete and has no name yet
 * @param mountOverlay who mounts
 */
export function openSnapshotter(
  directory: string,
  workDirectory: string,
  beforePublishing: (id: SnapshotID) => void = () => {},
  mountOverlay: MountOverlay = mountKernelOverlay,
): Snapshotter {
  // Only root may pass: snapshots hold setuid programs, and a build's files are nobody else's business.
  for (const each of [directory, workDirectory]) mkdirSync(each, { recursive: true, mode: 0o700 });
  const published = realpathSync(directory);
  const work = realpathSync(workDirectory);
  const makeUpper = upperMaker(work);
  const mounts = openStackMounts(work, published, mountOverlay);
  let removedCount = 0;

  const path = (id: SnapshotID): string => {
    assert(isSnapshotID(id), `"${id}" is a snapshot id`);
    return join(published, id);
  };
  const has = (id: SnapshotID): boolean => {
    if (!existsSync(path(id))) return false;
    const rest = restOf(path(id));
    return rest === undefined || existsSync(path(rest));
  };
  /** Out of sight: nobody may meet half a snapshot. */
  const moveAside = (id: SnapshotID): string => {
    const aside = join(work, `removed-${removedCount++}`);
    renameSync(path(id), aside);
    return aside;
  };
  const visible = (stack: Stack) => visibleLayers(stack, path);
  const view = (stack: Stack): FileTree => mergedTree(visible(stack).map((id) => bytePathFromText(path(id))));

  return {
    newID: randomID,
    has,
    path,
    directories: (id) => partsOf(id, path).map(path),
    view,
    canHaveRest: () => keepsNotes(work),
    prepare(over, about = {}) {
      const active = makeUpper(over.length === 0 ? undefined : view(over), about.isLarge === true);
      writeNotes(active.upper, about);
      return active;
    },
    discard: (active) => removeTrees([ownDirectory(active)]),
    mount: (stack, active) => mounts.mount(visible(stack), active),
    unmount: mounts.unmount,
    close: mounts.close,

    async commit(active, id) {
      await during(`publish the snapshot ${id}`, async () => {
        beforePublishing(id);
        // The rest of its files is gone: what is left of it is of no use.
        if (existsSync(path(id)) && !has(id)) await removeTrees([moveAside(id)]);
        try {
          renameSync(active.upper, path(id));
        } catch (error) {
          const code = systemCode(error);
          if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
          await removeTrees([active.upper]);
        }
      });
      // Behind the start of the next step.
      setImmediate(removeQuietly, ownDirectory(active));
    },

    async remove(id) {
      let aside: string;
      try {
        aside = moveAside(id);
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return;
        throw error;
      }
      await removeTrees([aside]);
    },

    list: () => readdirSync(published).filter(isSnapshotID).sort(),
  };
}

/** What remains goes with the directory of the build. */
function removeQuietly(directory: string): void {
  try {
    removeSmallTree(directory);
  } catch {
    // Nobody looks at it any more.
  }
}
