import { bytePathFromText } from '../core/byte-path.ts';
import { systemCode } from '../core/errors.ts';
import { overlayAttribute } from '../sys/user-namespace/overlay-attribute.ts';
import { readXattr, setXattr } from '../sys/xattr.ts';
import { isSnapshotID } from './snapshot-id.ts';
import type { SnapshotID } from './snapshotter.ts';

/**
 * Overlay keeps names that begin as its own do from whoever works in a mount: no step can claim the files of another
 * snapshot. Neither can a layer, which has such names left out.
 */
const attribute = () => overlayAttribute('strata.rest');

/**
 * Says of an upper that it holds only what differs from another snapshot, which has the rest of its files.
 * @throws a system error where the filesystem has no such attributes
 */
export function markRest(upper: string, rest: SnapshotID): void {
  setXattr(bytePathFromText(upper), attribute(), Buffer.from(rest));
}

/** The snapshot that has the rest of the files of the one in a directory; undefined where it has them all, or is gone. */
export function restOf(directory: string): SnapshotID | undefined {
  try {
    const value = readXattr(bytePathFromText(directory), attribute());
    if (value === undefined) return undefined;
    const id = Buffer.from(value).toString('latin1');
    return isSnapshotID(id) ? id : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
