/** Bytes of the longest Dockerfile that is read; people write a thousandth of it. */
export const dockerfileLimit = 8 << 20;

/**
 * Dockerfile bytes to text (spec 1.1): UTF-8 without validation, a byte order mark at the very start dropped.
 * Line ends are kept as they are, so offsets in the text stay meaningful.
 */
export function decodeDockerfile(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: false, ignoreBOM: false }).decode(bytes);
}
