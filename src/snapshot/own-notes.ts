/**
 * What we note on the directory of a snapshot. Overlay keeps names that begin as its own do from whoever works in a
 * mount, so no step can write such a note. Neither can a layer, which has such names left out.
 */
import { type BytePath, bytePathFromText, bytePathToText } from '../core/byte-path.ts';
import { HostError, systemCode } from '../core/errors.ts';
import { overlayAttribute } from '../sys/user-namespace/overlay-attribute.ts';
import { readXattr, setXattr } from '../sys/xattr.ts';
import { isSnapshotID } from './snapshot-id.ts';
import type { OwnNotes, SnapshotID } from './snapshotter.ts';

const restNote = () => overlayAttribute('strata.rest');
const aloneNote = () => overlayAttribute('strata.alone');

/**
 * Notes what is said of a snapshot on its directory.
 * @throws HostError `no-attributes` where the filesystem keeps none
 */
export function writeNotes(upper: string, { rest, isAlone }: OwnNotes): void {
  const path = bytePathFromText(upper);
  if (rest !== undefined) writeNote(path, restNote(), rest);
  if (isAlone === true) writeNote(path, aloneNote(), 'y');
}

function writeNote(path: BytePath, name: string, value: string): void {
  try {
    setXattr(path, name, Buffer.from(value));
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    const where = bytePathToText(path);
    throw new HostError('no-attributes', `the filesystem of ${where} has no attributes like ${name}`, {
      hint: 'put the store on ext4, xfs or btrfs (--root DIR); strata doctor looks for what else is missing',
      cause: error,
    });
  }
}

/** Whether notes can be written on a directory; one is, to find out. */
export function keepsNotes(directory: string): boolean {
  try {
    setXattr(bytePathFromText(directory), aloneNote(), Buffer.from('y'));
    return true;
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw error;
  }
}

function isUnsupported(error: unknown): boolean {
  return ['ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(error) ?? '');
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
