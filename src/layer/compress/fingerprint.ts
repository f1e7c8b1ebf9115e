import { createCipheriv } from 'node:crypto';

/** What a key is that nobody but the owner of the store can read, in bytes. */
export const keyBytes = 16;

/**
 * What tells blocks apart, in a quarter of the time of SHA-256: a GMAC (NIST SP 800-38D, 6.4), taken as a hash that is
 * chosen by `key`. Two blocks that were made without knowing the key have the same in one of 2^112 cases.
 *
 * @param about the first 12 bytes count: fingerprints about different things have nothing in common
 */
export function fingerprint(key: Uint8Array, about: Uint8Array, bytes: Uint8Array): Uint8Array {
  const mac = createCipheriv('aes-128-gcm', key, about.subarray(0, 12));
  mac.setAAD(bytes);
  mac.final();
  return mac.getAuthTag();
}
