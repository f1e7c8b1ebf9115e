/**
 * What we note on the directory of a snapshot. Overlay keeps names that begin as its own do from whoever works in a
 * mount, so no step can write such a note. Neither can a layer, which has such names left out.
 */
import { type BytePath, bytePathFromText } from '../core/byte-path.ts';
import { systemCode } from '../core/errors.ts';
import { overlayAttribute } from '../sys/user-namespace/overlay-attribute.ts';
import { readXattr, setXattr } from '../sys/xattr.ts';
import { isSnapshotID } from './snapshot-id.ts';
import type { OwnNotes, SnapshotID } from './snapshotter.ts';

const restNote = () => overlayAttribute('strata.rest');
const aloneNote = () => overlayAttribute('strata.alone');

/** @throws a system error where the filesystem has no such attributes */
export function writeNotes(upper: string, { rest, isAlone }: OwnNotes): void {
  const path = bytePathFromText(upper);
  if (rest !== undefined) setXattr(path, restNote(), Buffer.from(rest));
  if (isAlone === true) setXattr(path, aloneNote(), Buffer.from('y'));
}

/** The snapshot that has the rest of the files of the one in a directory; undefined where it has them all, or is gone. */
export function restOf(directory: string): SnapshotID | undefined {
  const id = noteOn(bytePathFromText(directory), restNote());
  return id !== undefined && isSnapshotID(id) ? id : undefined;
}

/** Whether the layer of the snapshot in a directory is the same whatever it stands on. */
export function isAlone(directory: BytePath): boolean {
  return noteOn(directory, aloneNote()) !== undefined;
}

function noteOn(directory: BytePath, name: string): string | undefined {
  try {
    const value = readXattr(directory, name);
    return value === undefined ? undefined : Buffer.from(value).toString('latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
