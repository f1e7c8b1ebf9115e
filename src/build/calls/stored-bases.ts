import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError, systemCode } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import { type BaseResolver, type ResolvedBase, unknownBase } from '../../plan/resolver.ts';

export interface StoredBases extends BaseResolver {
  /** The images that were asked for and are not there. */
  readonly unknown: ReadonlySet<string>;
}

/**
 * Base images as far as the local store has them: for what looks at a Dockerfile and builds nothing. Asks no
 * registry and leaves the store as it is, which may be none; whatever it cannot tell is `isUnknown`.
 */
export function openStoredBases(root: string, signal: AbortSignal): StoredBases {
  const unknown = new Set<string>();
  return {
    unknown,
    async resolveBase(reference, platform) {
      const found = await findOrNothing(reference, platform, join(root, 'images'), signal);
      if (found === undefined) unknown.add(reference);
      return found ?? unknownBase(reference, platform);
    },
  };
}

async function findOrNothing(
  text: string,
  platform: Platform,
  images: string,
  signal: AbortSignal,
): Promise<ResolvedBase | undefined> {
  try {
    if (!existsSync(images)) return undefined;
    const { findInStore } = await import('./find-in-store.ts');
    return await findInStore(text, platform, images, signal);
  } catch (error) {
    // A damaged store, or one that this person must not read, is the next build's to complain about.
    if (error instanceof StrataError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}
