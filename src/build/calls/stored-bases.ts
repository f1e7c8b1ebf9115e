import { join } from 'node:path';
import { openLayoutBlobs } from '../../content/dir-reader.ts';
import { readRefs } from '../../content/refs.ts';
import { StrataError, systemCode } from '../../core/errors.ts';
import { normalizePlatform, type Platform } from '../../core/platform.ts';
import type { BaseResolver, ResolvedBase } from '../../plan/resolver.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import { findForPlatform } from '../image-source.ts';

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
    return await find(text, platform, images, signal);
  } catch (error) {
    // A damaged store, or one that this person must not read, is the next build's to complain about.
    if (error instanceof StrataError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

async function find(
  text: string,
  platform: Platform,
  images: string,
  signal: AbortSignal,
): Promise<ResolvedBase | undefined> {
  const reference = printReference(parseReference(text));
  const target = readRefs(images).find((ref) => ref.name === reference)?.target;
  if (target === undefined) return undefined;
  const blobs = openLayoutBlobs(images);
  const { config } = await findForPlatform(reference, target, platform, blobs, async () => {}, signal);
  const { os, architecture, variant } = config;
  const own = normalizePlatform({ os, architecture, variant });
  const isOther = own.os !== platform.os || own.architecture !== platform.architecture;
  // Chosen from an index when it was pulled for another platform: the name has more than the store.
  if (isOther && target.platform !== undefined) return undefined;
  return { reference, config, platform: own };
}

function unknownBase(reference: string, platform: Platform): ResolvedBase {
  const { os, architecture } = platform;
  const config = { os, architecture, rootfs: { type: 'layers', diff_ids: [] } } as const;
  return { reference, config, platform, isUnknown: true };
}
