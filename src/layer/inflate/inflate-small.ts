import { blockBytes, usualDeflate } from '../compress/block-compressor.ts';
import { compressionOf } from './inflate.ts';

/** What a blob that is small may hold to be expanded in memory. */
const maxBytes = 1 << 24;

/**
 * The tar in a gzip blob that is in memory whole, expanded by what compresses layers: in less time than a stream takes to
 * begin.
 * @returns its pieces; undefined where that library is missing, and for what is damaged, too large or no gzip:
 *   `inflateLayer` knows what it is
 */
export function inflateSmall(blob: Buffer): Buffer[] | undefined {
  const { gunzipFirst } = usualDeflate();
  if (gunzipFirst === undefined) return undefined;
  // One member says its size at its end; of several, as strata makes them, each has a block at most.
  const saidBytes = blob.length < 4 ? 0 : blob.readUInt32LE(blob.length - 4);
  const memberBytes = saidBytes > maxBytes ? blockBytes : Math.max(blockBytes, saidBytes);
  const pieces: Buffer[] = [];
  let total = 0;
  for (let at = 0; compressionOf(blob.toString('hex', at, at + 4)) === 'gzip'; ) {
    const output = Buffer.allocUnsafeSlow(memberBytes);
    const first = gunzipFirst(blob.subarray(at), output);
    if (first === undefined) return undefined;
    pieces.push(output.subarray(0, first.written));
    at += first.read;
    total += first.written;
    if (total > maxBytes) return undefined;
  }
  return pieces.length === 0 ? undefined : pieces;
}
