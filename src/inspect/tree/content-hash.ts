import { createHash, type Hash } from 'node:crypto';

/** Hashes the content of one file, whose pieces come with their offsets. */
export interface ContentHash {
  update(bytes: Uint8Array, offset: number): void;
  /** SHA-256, a character a byte; undefined where too much of it is a hole. */
  digest(): string | undefined;
}

const zeros = new Uint8Array(1 << 20);
/** A header can claim a hole of any size: hashing its zeros would never end. */
const holeLimit = 1 << 30;

/** Of a file of that size with its holes, which are zeros. */
export function contentHash(size: number): ContentHash {
  const hash = createHash('sha256');
  let at = 0;
  let holes = 0;
  const fillTo = (offset: number) => {
    holes += offset - at;
    if (holes <= holeLimit) hashZeros(hash, offset - at);
    at = offset;
  };
  return {
    update(bytes, offset) {
      fillTo(offset);
      hash.update(bytes);
      at += bytes.length;
    },
    digest() {
      fillTo(size);
      return holes > holeLimit ? undefined : hash.digest('binary');
    },
  };
}

function hashZeros(hash: Hash, count: number): void {
  for (let left = count; left > 0; left -= zeros.length)
    hash.update(zeros.subarray(0, Math.min(left, zeros.length)));
}
