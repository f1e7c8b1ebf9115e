import type { Digest } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import { printPlatform } from '../core/platform.ts';
import { type ImageVariant, readVariants } from './image-summary.ts';
import type { LocalStore } from './local-store.ts';

/** One name of the store and what it stands for. The members are what `strata images --format json` prints. */
export interface ImageListing {
  /** In full: `docker.io/library/app:latest`. */
  readonly name: string;
  /** Of the manifest, or of the index over several platforms. */
  readonly digest: Digest;
  /** Of the config; undefined for several platforms. */
  readonly id: Digest | undefined;
  readonly platforms: readonly string[];
  /** RFC 3339; the newest of several platforms. */
  readonly created: string | undefined;
  /** Config and layers as they are stored, over all platforms. */
  readonly sizeBytes: number;
  /** False when a document of the image is missing or damaged: then nothing but name and digest is known. */
  readonly isReadable: boolean;
}

/** All names of the store, in byte order. */
export async function listImages({ blobs, refs }: LocalStore): Promise<ImageListing[]> {
  const listings: ImageListing[] = [];
  for (const { name, target } of refs.list()) {
    const variants = await readVariants(target, blobs).catch((error: unknown) => {
      if (error instanceof IntegrityError) return [];
      throw error;
    });
    listings.push(listing(name, target.digest, variants));
  }
  return listings;
}

function listing(name: string, digest: Digest, variants: readonly ImageVariant[]): ImageListing {
  const created = variants.flatMap((variant) => variant.created ?? []).sort();
  return {
    name,
    digest,
    id: variants.length === 1 ? variants[0]?.configDigest : undefined,
    platforms: variants.map((variant) => printPlatform(variant.platform)),
    created: created.at(-1),
    sizeBytes: variants.reduce((sum, variant) => sum + variant.sizeBytes, 0),
    isReadable: variants.length > 0,
  };
}
