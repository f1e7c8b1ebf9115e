/**
 * The 512-byte header block in its four dialects: v7, POSIX ustar, GNU and star. They share the first 257
 * bytes; the magic tells what the rest means (POSIX pax, "ustar Interchange Format"; GNU tar, "Standard").
 */
import { badHeader } from './errors.ts';
import { decodeNumber } from './numbers.ts';

export const blockSize = 512;

/** Zero bytes that follow `size` bytes of content. */
export function paddingAfter(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** Offsets and lengths of the fields that all dialects share, and of ustar's own. */
export const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  link: [157, 100],
  magic: [257, 8],
  devMajor: [329, 8],
  devMinor: [337, 8],
  prefix: [345, 155],
} as const;

export const typeflagAt = 156;

type Dialect = 'v7' | 'ustar' | 'gnu' | 'star';

/** A header as it stands, before extended headers correct it. */
export interface RawHeader {
  readonly dialect: Dialect;
  readonly typeflag: string;
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow the header, before padding. */
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly link: string;
  readonly devMajor: number;
  readonly devMinor: number;
}

/** @throws IntegrityError `tar-bad-header` when the checksum or a number is wrong */
export function decodeHeader(block: Buffer): RawHeader {
  checkChecksum(block);
  const dialect = dialectOf(block);
  const number = (field: keyof typeof fields) => {
    const value = decodeNumber(block, fields[field][0], fields[field][1], field);
    if (value < 0 && field !== 'mtime') throw badHeader(`the ${field} of a member is negative`);
    return value;
  };
  return {
    dialect,
    typeflag: String.fromCharCode(block[typeflagAt] ?? 0),
    name: fullName(block, dialect),
    mode: number('mode') & 0o7777,
    uid: number('uid'),
    gid: number('gid'),
    size: number('size'),
    mtimeSeconds: number('mtime'),
    link: text(block, ...fields.link),
    devMajor: dialect === 'v7' ? 0 : number('devMajor'),
    devMinor: dialect === 'v7' ? 0 : number('devMinor'),
  };
}

/** The sum of all bytes with the checksum field read as blanks. */
export function checksumOf(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at++) sum += block[at] ?? 0;
  for (let at = 156; at < blockSize; at++) sum += block[at] ?? 0;
  return sum;
}

function checkChecksum(block: Buffer): void {
  const want = decodeNumber(block, fields.checksum[0], fields.checksum[1], 'checksum');
  const sum = checksumOf(block);
  if (sum === want) return;
  // Some historic programs summed signed characters.
  let highBytes = 0;
  for (let at = 0; at < blockSize; at++) {
    if ((block[at] ?? 0) > 0x7f && (at < 148 || at >= 156)) highBytes++;
  }
  if (sum - 256 * highBytes !== want) throw badHeader('the checksum of a header does not match');
}

function dialectOf(block: Buffer): Dialect {
  const magic = block.toString('latin1', 257, 265);
  if (magic === 'ustar  \0') return 'gnu';
  if (!magic.startsWith('ustar\0')) return 'v7';
  return block.toString('latin1', 508, 512) === 'tar\0' ? 'star' : 'ustar';
}

function fullName(block: Buffer, dialect: Dialect): string {
  const name = text(block, ...fields.name);
  if (dialect !== 'ustar' && dialect !== 'star') return name;
  // star keeps atime and ctime in the last 24 bytes of ustar's prefix.
  const prefix = text(block, fields.prefix[0], dialect === 'star' ? 131 : 155);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function text(block: Buffer, start: number, length: number): string {
  const nul = block.indexOf(0, start);
  return block.toString('latin1', start, nul < 0 ? start + length : Math.min(nul, start + length));
}
