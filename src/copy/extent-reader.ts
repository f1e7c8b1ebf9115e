import { closeSync, readSync } from 'node:fs';
import type { ContentReader } from '../layer/layer-entry.ts';

/** A run of a file's bytes inside another file. */
export interface Extent {
  /** In the file. */
  readonly at: number;
  /** In the other one. */
  readonly from: number;
  length: number;
}

/**
 * Reads a file that lies in pieces in another one, which is open; what no piece covers is zero.
 * @param extents ascending and apart
 */
export function extentReader(descriptor: number, size: number, extents: readonly Extent[]): ContentReader {
  let at = 0;
  let next = 0;
  return {
    read(buffer, offset, length) {
      while (at >= endOf(extents[next])) next++;
      const extent = extents[next];
      const wanted = Math.min(length, size - at);
      if (extent === undefined || at < extent.at) {
        const hole = Math.min(wanted, (extent?.at ?? size) - at);
        buffer.fill(0, offset, offset + hole);
        at += hole;
        return hole;
      }
      const skipped = at - extent.at;
      const read = readSync(
        descriptor,
        buffer,
        offset,
        Math.min(wanted, extent.length - skipped),
        extent.from + skipped,
      );
      at += read;
      return read;
    },
    close: () => closeSync(descriptor),
  };
}

/** Beyond the last extent nothing ends. */
function endOf(extent: Extent | undefined): number {
  return extent === undefined ? Number.POSITIVE_INFINITY : extent.at + extent.length;
}
