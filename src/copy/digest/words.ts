/** Words that stand in the lines which the digest of a selection is made of. */
import { createHash } from 'node:crypto';
import type { BytePath } from '../../core/byte-path.ts';
import type { Xattr } from '../../core/file-tree.ts';
import { isCopied } from '../xattr-policy.ts';

/** One word of printable ASCII for any bytes; the empty name is `.`. */
export function escaped(bytes: BytePath): string {
  if (bytes === '') return '.';
  return bytes.replace(/[^!-[\]-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The digest of bytes, in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Those of extended attributes that are copied; `-` for none. */
export function xattrWord(xattrs: readonly Xattr[]): string {
  const copied = xattrs.filter(isCopied);
  if (copied.length === 0) return '-';
  return copied.map((x) => `${escaped(x.name)}=${sha256(x.value)}`).join(',');
}
