/**
 * Where the members of earlier blobs lie, by fingerprints: a file of slots of one size that never grows. What is noted takes the
 * place of what was there. All of it is hints: two processes at once may spoil a slot, and a blob may be gone. The seal,
 * which depends on content and member both, says whether what a slot leads to is what was noted.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { type BlobDigest, digestFromHex, digestHex } from '../../core/digest.ts';
import { keyBytes } from './fingerprint.ts';

/** What a member is known by. */
export interface MemberName {
  /** The fingerprint of what it holds, about who wrote it: implementation and level. */
  readonly content: Uint8Array;
  /** The fingerprint of its own bytes, about `content`. */
  readonly seal: Uint8Array;
}

/** One member of a blob. */
export interface Member extends MemberName {
  /** Where it lies in its blob, in bytes. */
  readonly offset: number;
  readonly size: number;
}

export interface MemberHint extends Omit<Member, 'content'> {
  readonly blob: BlobDigest;
  readonly seal: Buffer;
}

const slotBytes = 80;
const tableMode = 0o600;
/** What the file begins with, and behind it the key, in place of a slot. */
const mark = Buffer.from('strata members 2');

/** The key of the table's fingerprints. A table that is none, or an older one, begins anew. */
export function memberKey(table: string): Uint8Array {
  const head = Buffer.alloc(mark.length + keyBytes);
  const fd = openSync(table, constants.O_RDWR | constants.O_CREAT, tableMode);
  try {
    const isWhole = readSync(fd, head, 0, head.length, 0) === head.length;
    if (isWhole && head.subarray(0, mark.length).equals(mark)) return head.subarray(mark.length);
    const key = randomBytes(keyBytes);
    ftruncateSync(fd, 0);
    writeSync(fd, Buffer.concat([mark, key]), 0, head.length, 0);
    return key;
  } finally {
    closeSync(fd);
  }
}

/** A member that should hold what has this fingerprint. */
export function findMember(table: string, content: Uint8Array): MemberHint | undefined {
  const slot = Buffer.alloc(slotBytes);
  let fd: number;
  try {
    fd = openSync(table, constants.O_RDONLY);
  } catch {
    // Who looks for space may remove it.
    return undefined;
  }
  try {
    readSync(fd, slot, 0, slotBytes, positionOf(content));
  } finally {
    closeSync(fd);
  }
  if (!slot.subarray(0, 16).equals(content)) return undefined;
  const [offset, size] = [slot.readUIntLE(64, 6), slot.readUInt32LE(70)];
  return { seal: slot.subarray(16, 32), blob: digestFromHex(slot.toString('hex', 32, 64)), offset, size };
}

/** Notes the members of a blob; those of earlier blobs that they meet are forgotten. */
export function noteMembers(table: string, blob: BlobDigest, members: readonly Member[]): void {
  const slot = Buffer.alloc(slotBytes);
  slot.write(digestHex(blob), 32, 'hex');
  const fd = openSync(table, constants.O_WRONLY | constants.O_CREAT, tableMode);
  try {
    for (const { content, seal, offset, size } of members) {
      slot.set(content, 0);
      slot.set(seal, 16);
      slot.writeUIntLE(offset, 64, 6);
      slot.writeUInt32LE(size, 70);
      writeSync(fd, slot, 0, slotBytes, positionOf(content));
    }
  } finally {
    closeSync(fd);
  }
}

/** One of 65,536 slots: enough for 64 GB of layers. */
function positionOf(content: Uint8Array): number {
  const [a = 0, b = 0] = content;
  return (1 + ((a << 8) | b)) * slotBytes;
}
