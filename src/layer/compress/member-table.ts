/**
 * Where the gzip members of earlier blobs lie, by the checksum of what they hold: a file of slots of one size that never
 * grows. What is noted takes the place of what was there; two processes at once may spoil a slot. All of it is hints:
 * whoever follows one looks whether it is true.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { type BlobDigest, digestFromHex, digestHex } from '../../core/digest.ts';

/** One member of a blob. */
export interface Member {
  /** CRC-32 and length of what it holds, as its last eight bytes say. */
  readonly checksum: number;
  readonly length: number;
  /** Where it lies in its blob, in bytes. */
  readonly offset: number;
  readonly size: number;
}

/** One that was just made. */
export interface NewMember extends Member {
  /** Implementation and level. */
  readonly writer: string;
}

export interface MemberHint extends Member {
  readonly blob: BlobDigest;
}

const slotBytes = 64;
/** For 64 GB of layers; 4 MB. */
const slotCount = 1 << 16;
const tableMode = 0o600;

/** A member that may hold bytes of this checksum and length, and was written by `writer`. */
export function findMember(
  table: string,
  { checksum, length }: Pick<Member, 'checksum' | 'length'>,
  writer: string,
): MemberHint | undefined {
  const slot = Buffer.alloc(slotBytes);
  const fd = openSync(table, constants.O_RDONLY | constants.O_CREAT, tableMode);
  try {
    readSync(fd, slot, 0, slotBytes, positionOf(checksum));
  } finally {
    closeSync(fd);
  }
  if (slot.readUInt32LE(0) !== checksum || slot.readUInt32LE(4) !== length) return undefined;
  if (!slot.subarray(52, 60).equals(markOf(writer))) return undefined;
  const [offset, size] = [slot.readUIntLE(8, 6), slot.readUInt32LE(16)];
  return { checksum, length, offset, size, blob: digestFromHex(slot.toString('hex', 20, 52)) };
}

/** Notes the members of a blob; those of earlier blobs that they meet are forgotten. */
export function noteMembers(table: string, blob: BlobDigest, members: readonly NewMember[]): void {
  const slot = Buffer.alloc(slotBytes);
  slot.write(digestHex(blob), 20, 'hex');
  const fd = openSync(table, constants.O_WRONLY | constants.O_CREAT, tableMode);
  try {
    for (const { checksum, length, offset, size, writer } of members) {
      slot.writeUInt32LE(checksum, 0);
      slot.writeUInt32LE(length, 4);
      slot.writeUIntLE(offset, 8, 6);
      slot.writeUInt32LE(size, 16);
      markOf(writer).copy(slot, 52);
      writeSync(fd, slot, 0, slotBytes, positionOf(checksum));
    }
  } finally {
    closeSync(fd);
  }
}

function positionOf(checksum: number): number {
  return (checksum % slotCount) * slotBytes;
}

function markOf(writer: string): Buffer {
  return createHash('sha256').update(writer).digest().subarray(0, 8);
}
