import { randomBytes } from 'node:crypto';
import type { SnapshotID } from './snapshotter.ts';

const idPattern = /^[a-z0-9]{1,16}$/;

/** Whether a name is one that a snapshot can have. */
export function isSnapshotID(name: string): boolean {
  return idPattern.test(name);
}

/** A name that nothing has yet: 64 random bits. */
export function randomID(): SnapshotID {
  const number = randomBytes(8).readBigUInt64BE();
  return number.toString(36).padStart(13, '0');
}
