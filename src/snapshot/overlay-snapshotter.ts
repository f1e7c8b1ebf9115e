import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '../core/assert.ts';
import { bytePathFromText } from '../core/byte-path.ts';
import { during, systemCode } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import { mountFilesystem, unmount } from '../sys/mount.ts';
import { enterMountNamespace } from '../sys/mount-namespace.ts';
import { setTimes } from '../sys/node.ts';
import { removeSmallTree, removeTrees } from '../sys/remove-tree.ts';
import { spreadDirectories } from '../sys/spread-directories.ts';
import { setXattr } from '../sys/xattr.ts';
import { visibleLayers } from './layers.ts';
import { mergedTree } from './merged-tree.ts';
import { type MountOverlay, mountKernelOverlay } from './overlay-mount.ts';
import type { ActiveSnapshot, SnapshotID, Snapshotter, Stack } from './snapshotter.ts';

const idPattern = /^[a-z0-9]{1,16}$/;

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
  const mountDirectory = join(work, 'mounts');
  let isMounted = false;
  let isSpread = false;
  let count = 0;
  /** What is mounted where, and what unmounts it. */
  const mounted = new Map<string, () => void>();

  const path = (id: SnapshotID): string => {
    assert(idPattern.test(id), `"${id}" is a snapshot id`);
    return join(published, id);
  };
  const visible = (stack: Stack) => visibleLayers(stack, path);
  const view = (stack: Stack): FileTree => mergedTree(visible(stack).map((id) => bytePathFromText(path(id))));

  return {
    newID: randomID,
    has: (id) => existsSync(path(id)),
    path,
    view,

    prepare: (over) => {
      if (!isSpread) spreadDirectories(work);
      isSpread = true;
      // ext4 chooses the place of a directory by its name as well: "0" would lie where the last build's "0" lay.
      const own = join(work, randomID());
      const active: ActiveSnapshot = { upper: join(own, 'upper'), work: join(own, 'work') };
      for (const each of [own, active.upper, active.work]) mkdirSync(each);
      if (over.length > 0) copyRoot(view(over), active.upper);
      else chmodSync(active.upper, 0o755);
      return active;
    },

    commit: async (active, id) => {
      await during(`publish the snapshot ${id}`, async () => {
        beforePublishing(id);
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

    discard: (active) => removeTrees([ownDirectory(active)]),

    remove: async (id) => {
      const aside = join(work, `removed-${count++}`);
      try {
        // First out of sight: nobody may meet half a snapshot.
        await rename(path(id), aside);
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return;
        throw error;
      }
      await removeTrees([aside]);
    },

    list: () =>
      readdirSync(published)
        .filter((name) => idPattern.test(name))
        .sort(),

    mount: (stack, active) => {
      if (!isMounted) {
        openMountDirectory(mountDirectory);
        isMounted = true;
      }
      const target = join(mountDirectory, String(count++));
      mkdirSync(target);
      const layers = visible(stack);
      if (layers.length === 0 && active === undefined) {
        mountEmpty(target);
        mounted.set(target, () => unmount(bytePathFromText(target)));
      } else {
        const empty = join(work, 'empty');
        mkdirSync(empty, { recursive: true });
        mounted.set(target, mountOverlay({ directory: published, layers, active, empty }, target));
      }
      return target;
    },

    unmount: (target) => {
      const end = mounted.get(target);
      assert(end !== undefined, `something is mounted at ${target}`);
      mounted.delete(target);
      end();
      rmdirSync(target);
    },

    close: () => {
      if (!isMounted) return;
      isMounted = false;
      // Still holding mounts, it is detached with all of them.
      unmount(bytePathFromText(mountDirectory));
      rmdirSync(mountDirectory);
    },
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

/** Where upper and work of a prepared snapshot lie, and nothing else. */
function ownDirectory(active: ActiveSnapshot): string {
  return dirname(active.upper);
}

/**
 * Mount points lie in a filesystem that exists in our mount namespace only: whoever stands outside (a
 * thread of the pool) meets a missing path, never the empty directory beneath a mount.
 */
function openMountDirectory(directory: string): void {
  enterMountNamespace();
  mkdirSync(directory, { recursive: true });
  mountFilesystem({
    source: 'strata',
    target: bytePathFromText(directory),
    type: 'tmpfs',
    flags: ['noSuid', 'noDev'],
    data: 'mode=700,size=1m',
  });
  // Mount namespaces copied from ours follow what is mounted and unmounted here later.
  mountFilesystem({ source: 'none', target: bytePathFromText(directory), flags: ['shared'] });
}

/** Overlay takes no stack of nothing. */
function mountEmpty(target: string): void {
  mountFilesystem({
    source: 'strata',
    target: bytePathFromText(target),
    type: 'tmpfs',
    flags: ['readOnly', 'noSuid', 'noDev'],
    data: 'mode=755,size=4k',
  });
}

/** Gives `upper` the metadata of the root of a tree. */
function copyRoot(tree: FileTree, upper: string): void {
  const stat = tree.lstat('');
  assert(stat !== undefined, 'a tree has a root');
  chownSync(upper, stat.uid, stat.gid);
  chmodSync(upper, stat.mode);
  const host = bytePathFromText(upper);
  for (const { name, value } of tree.xattrs('')) setXattr(host, name, value);
  setTimes(host, stat.mtime);
}

function randomID(): SnapshotID {
  const number = randomBytes(8).readBigUInt64BE();
  return number.toString(36).padStart(13, '0');
}
