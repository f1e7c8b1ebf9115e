/**
 * Digests as the OCI image specification spells them (image-spec, descriptor.md, "Digests"), in four
 * kinds that the compiler keeps apart: the same hex text means different things.
 */
declare const kind: unique symbol;

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;
/** Of bytes as stored and transferred. */
export type BlobDigest = Digest & { readonly [kind]?: 'blob' };
/** Of the uncompressed tar of one layer. */
export type DiffID = Digest & { readonly [kind]?: 'diff' };
/** Of an ordered stack of diffIDs (image-spec, config.md, "Layer ChainID"). */
export type ChainID = Digest & { readonly [kind]?: 'chain' };
/** Of a cache question; never of content. */
export type KeyDigest = Digest & { readonly [kind]?: 'key' };

const pattern = /^sha256:[0-9a-f]{64}$/;

/** Says whether `text` is a well-formed sha256 digest. */
export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** The 64 hex digits behind the algorithm. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** Joins hex digits, as `node:crypto` returns them, to a digest. */
export function digestFromHex<D extends Digest = Digest>(hex: string): D {
  return `sha256:${hex}` as D;
}
