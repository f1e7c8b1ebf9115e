import type { Timestamp } from '../core/file-tree.ts';

/**
 * A time as layers that are packed here have it: in whole seconds, as in those of other builders. Nearly every file
 * has a fraction, which would take an extended header of two blocks: a ninth of the tar of 20,000 files of 8 KB.
 */
export function layerTime({ seconds }: Timestamp): Timestamp {
  return { seconds, nanoseconds: 0 };
}
