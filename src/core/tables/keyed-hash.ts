import { randomBytes } from 'node:crypto';

/** 32 bits of a number and a text of one byte per character. */
export type KeyedHash = (scope: number, text: string) => number;

/**
 * HalfSipHash-1-3 under a key drawn anew (Aumasson and Bernstein): whoever chooses what is hashed cannot choose what
 * collides, as he could to make a hash table slow.
 */
export function keyedHash(key: Uint8Array = randomBytes(8)): KeyedHash {
  const view = new DataView(key.buffer, key.byteOffset, 8);
  const [k0, k1] = [view.getUint32(0, true), view.getUint32(4, true)];
  let v0 = 0;
  let v1 = 0;
  let v2 = 0;
  let v3 = 0;
  const round = () => {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  };
  const take = (word: number) => {
    v3 ^= word;
    round();
    v0 ^= word;
  };
  return (scope, text) => {
    v0 = k0;
    v1 = k1;
    v2 = 0x6c796765 ^ k0;
    v3 = 0x74656462 ^ k1;
    take(scope);
    let word = 0;
    for (let at = 0; at < text.length; at++) {
      word |= text.charCodeAt(at) << ((at & 3) * 8);
      if ((at & 3) !== 3) continue;
      take(word);
      word = 0;
    }
    take(((text.length + 4) << 24) | word);
    v2 ^= 0xff;
    round();
    round();
    round();
    return (v1 ^ v3) >>> 0;
  };
}
