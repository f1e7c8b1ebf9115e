import type { Digest } from '../../core/digest.ts';
import type { CatalogImage } from '../catalog.ts';

/**
 * The other images of the store that have a layer, found by its content: a layer that was compressed differently
 * elsewhere is the same one.
 * @param self manifest and config of the image in question; what has the same config is the image itself
 */
export function sharers(
  diffID: Digest | undefined,
  catalog: readonly CatalogImage[],
  self: Digest,
): CatalogImage[] {
  if (diffID === undefined) return [];
  return catalog.filter((image) => image.config !== self && image.diffIDs.some((each) => each === diffID));
}
