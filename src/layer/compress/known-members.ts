/** Blocks that were compressed before are not compressed again: members of earlier blobs are taken over. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { digestHex } from '../../core/digest.ts';
import type { Deflate } from '../../sys/compression/deflate.ts';
import { type BlockCompressor, blockBytes } from './block-compressor.ts';
import { findMember, type Member, type MemberHint } from './member-table.ts';

/** Where a store has its members, in a form that threads can be told. */
export interface KnownMembers {
  /** The file of `findMember`. */
  readonly table: string;
  /** The directory in which blobs lie, each under the hex of its digest. */
  readonly blobs: string;
}

/** Of members that libdeflate and ours write: no time, no name, no further fields (RFC 1952, 2.3). */
const headerStart = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);

/**
 * Compresses like `inner`, or takes the member that it once made of the same bytes. Nothing is believed: a member is taken
 * when it expands to exactly the block. That takes a sixth of the time.
 */
export function reusingCompressor(
  inner: BlockCompressor,
  { crc32, gunzip }: Required<Pick<Deflate, 'crc32' | 'gunzip'>>,
  known: KnownMembers,
): BlockCompressor {
  const expanded = Buffer.allocUnsafeSlow(blockBytes);
  return {
    writer: inner.writer,
    compress(input, output) {
      const looked = { checksum: crc32(input), length: input.length };
      const hint = findMember(known.table, looked, inner.writer);
      if (hint !== undefined && readMember(known, hint, output)) {
        const member = output.subarray(0, hint.size);
        const content = expanded.subarray(0, input.length);
        if (gunzip(member, content) && content.equals(input)) return hint.size;
      }
      return inner.compress(input, output);
    },
  };
}

/** @returns whether there is a member of this size at all */
function readMember(
  { blobs }: KnownMembers,
  { blob, offset, size }: MemberHint,
  output: Uint8Array,
): boolean {
  if (size > output.length) return false;
  let fd: number;
  try {
    fd = openSync(join(blobs, digestHex(blob)), 'r');
  } catch {
    // It was pruned.
    return false;
  }
  try {
    return (
      readSync(fd, output, 0, size, offset) === size &&
      headerStart.equals(output.subarray(0, headerStart.length))
    );
  } finally {
    closeSync(fd);
  }
}

/** What a finished gzip member of `size` bytes at `offset` of a blob says of itself. */
export function memberAt(member: Uint8Array, offset: number): Member {
  const end = new DataView(member.buffer, member.byteOffset + member.length - 8, 8);
  return {
    checksum: end.getUint32(0, true),
    length: end.getUint32(4, true),
    offset,
    size: member.length,
  };
}
