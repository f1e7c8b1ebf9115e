import { IntegrityError } from '../../core/errors.ts';

/** A gzip member ends with its CRC and the size of what it holds, 4 bytes each (RFC 1952, 2.3.1). */
export const trailerBytes = 8;

/**
 * Where a gzip member ends: zlib-sync tells that it did, not where. What follows the size is nothing,
 * another member, or padding; were this wrong after all, the diffID would tell.
 *
 * @param recent the last bytes given to the inflater: the end is among them
 * @param size how many bytes the member holds
 */
export function gzipMemberEnd(recent: Buffer, size: number): number {
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(size % 2 ** 32);
  for (let at = recent.indexOf(trailer); at >= 0; at = recent.indexOf(trailer, at + 1)) {
    const end = at + trailer.length;
    const next = recent[end];
    const isMember = next === 0x1f && (end + 1 === recent.length || recent[end + 1] === 0x8b);
    if (next === undefined || next === 0 || isMember) return end;
  }
  throw new IntegrityError('layer-bad-compression', 'a layer has bytes that belong to no gzip member');
}
