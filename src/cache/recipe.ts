/**
 * What a cache key is made of. The parts are kept as text beside the result, so that a later miss can be
 * explained by the first part that differs.
 */
import { createHash } from 'node:crypto';
import { digestFromHex, type KeyDigest } from '../core/digest.ts';

/** Raised when the meaning of any part changes; older records then simply never match. */
const schema = 1;

/** One thing that counts for a key. */
export type Part = readonly [name: string, value: string];

/** All that counts for a key. */
export interface Recipe {
  /** The op kind, `exec`, `copy` …; part of the key. */
  readonly kind: string;
  /** In a fixed order per kind; names may repeat (`env`, `mount`). */
  readonly parts: readonly Part[];
  /** What helps to explain the parts and to find the result elsewhere; no part of the key. */
  readonly notes?: readonly Part[];
}

/** Digest of the length-framed parts: no two different recipes share their bytes. */
export function keyOf(recipe: Recipe): KeyDigest {
  const hash = createHash('sha256');
  frame(hash, `strata ${schema} ${recipe.kind}`);
  for (const [name, value] of recipe.parts) {
    frame(hash, name);
    frame(hash, value);
  }
  return digestFromHex<KeyDigest>(hash.digest('hex'));
}

function frame(hash: ReturnType<typeof createHash>, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  hash.update(`${bytes.length}:`);
  hash.update(bytes);
}
