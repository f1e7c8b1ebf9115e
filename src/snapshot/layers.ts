import { HostError } from '../core/errors.ts';
import { statFile } from '../sys/stat.ts';
import { overlayAttribute } from '../sys/user-namespace/overlay-attribute.ts';
import { readXattr } from '../sys/xattr.ts';
import { restOf } from './own-notes.ts';
import type { SnapshotID, Stack } from './snapshotter.ts';

/** Overlay's mark on a directory that hides what lower layers have of it; other values mean something else. */
export function isOpaque(directory: string): boolean {
  const value = readXattr(directory, overlayAttribute('opaque'));
  return value !== undefined && Buffer.from(value).toString('latin1') === 'y';
}

/**
 * The snapshots of a stack that can be seen at all, topmost first. Images repeat layers (an empty one most
 * of all) and overlay refuses a directory given twice: the topmost says everything the lower one could.
 * Overlay does not heed an opaque root either: here nothing below it counts. What has the rest of a snapshot's files
 * stands below it.
 * @throws HostError `snapshot-missing`
 */
export function visibleLayers(stack: Stack, path: (id: SnapshotID) => string): SnapshotID[] {
  const visible = [...new Set(stack.toReversed().flatMap((id) => partsOf(id, path)))];
  const opaque = visible.length < 2 ? -1 : visible.findIndex((id) => isOpaque(path(id)));
  return opaque < 0 ? visible : visible.slice(0, opaque + 1);
}

/**
 * The snapshots whose directories together have the files of one, topmost first: itself, and the one that has the rest.
 * @throws HostError `snapshot-missing`
 */
export function partsOf(id: SnapshotID, path: (id: SnapshotID) => string): SnapshotID[] {
  if (statFile(path(id))?.type !== 'directory') {
    throw new HostError('snapshot-missing', `the snapshot ${id} is not in the store any more`, {
      hint: 'build again: what it held is made anew',
    });
  }
  const rest = restOf(path(id));
  return rest === undefined ? [id] : [id, ...partsOf(rest, path)];
}
