import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../core/assert.ts';
import { bytePathFromText } from '../../core/byte-path.ts';
import { mountFilesystem, unmount } from '../../sys/mount/mount.ts';
import { enterMountNamespace } from '../../sys/mount/mount-namespace.ts';
import type { ActiveSnapshot, SnapshotID } from '../snapshotter.ts';
import type { MountOverlay } from './overlay-mount.ts';

/** Where stacks are mounted; see `Snapshotter` for who sees them. */
export interface StackMounts {
  /**
   * Mounts layers, topmost first, and says where.
   * @throws what the `MountOverlay` throws
   */
  mount(layers: readonly SnapshotID[], active: ActiveSnapshot | undefined): string;
  unmount(mounted: string): void;
  /** Unmounts what is still mounted. */
  close(): void;
}

/**
 * Mount points below `work`, a directory that this build alone writes in.
 * @param directory where the layers lie
 */
export function openStackMounts(work: string, directory: string, mountOverlay: MountOverlay): StackMounts {
  const place = join(work, 'mounts');
  let isOpen = false;
  let count = 0;
  /** What is mounted where, and what unmounts it. */
  const mounted = new Map<string, () => void>();

  function mountAt(
    target: string,
    layers: readonly SnapshotID[],
    active: ActiveSnapshot | undefined,
  ): () => void {
    if (layers.length === 0 && active === undefined) {
      mountEmpty(target);
      return () => unmount(bytePathFromText(target));
    }
    const empty = join(work, 'empty');
    mkdirSync(empty, { recursive: true });
    return mountOverlay({ directory, layers, active, empty }, target);
  }

  return {
    mount(layers, active) {
      if (!isOpen) {
        openMountDirectory(place);
        isOpen = true;
      }
      const target = join(place, String(count++));
      mkdirSync(target);
      mounted.set(target, mountAt(target, layers, active));
      return target;
    },
    unmount(target) {
      const end = mounted.get(target);
      assert(end !== undefined, `something is mounted at ${target}`);
      mounted.delete(target);
      end();
      rmdirSync(target);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      // Still holding mounts, it is detached with all of them.
      unmount(bytePathFromText(place));
      rmdirSync(place);
    },
  };
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
