import { createHash } from 'node:crypto';
import { type BlobDigest, type Digest, digestFromHex } from './digest.ts';

/** The digest of bytes that are in memory, or of text as UTF-8. */
export function digestBytes<D extends Digest = BlobDigest>(bytes: Uint8Array | string): D {
  return digestFromHex<D>(createHash('sha256').update(bytes).digest('hex'));
}
