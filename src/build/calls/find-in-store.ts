import { openLayoutBlobs } from '../../content/dir-reader.ts';
import { readRefs } from '../../content/refs.ts';
import { normalizePlatform, type Platform } from '../../core/platform.ts';
import type { ResolvedBase } from '../../plan/resolver.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import { findForPlatform } from '../bases/image-source.ts';

/**
 * An image of the layout that the local store is; undefined when it has none, or only one that was chosen for
 * another platform.
 * @throws StrataError for a damaged image, and for a text that names none
 */
export async function findInStore(
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
  // Chosen from an index when it was pulled: the image has other platforms, which the store lacks.
  if (isOther && target.platform !== undefined) return undefined;
  return { reference, config, platform: own };
}
