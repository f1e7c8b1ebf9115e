import type { BlobStore } from '../content/blob-store.ts';
import type { Digest } from '../core/digest.ts';
import { normalizePlatform, type Platform } from '../core/platform.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-type.ts';
import { parseImageConfig } from '../oci/parse-image-config.ts';

/** One image for one platform, from its documents. */
export interface ImageVariant {
  readonly manifest: Descriptor;
  /** The image id, as Docker calls it. */
  readonly configDigest: Digest;
  readonly platform: Platform;
  /** RFC 3339, as the config says; undefined when it does not. */
  readonly created: string | undefined;
  /** What its blobs take, compressed as they are: config and layers, each counted once. */
  readonly sizeBytes: number;
}

/**
 * Reads the documents behind a name, for every platform that is there: an index may list platforms that
 * nobody pulled.
 * @throws IntegrityError when a document that should be there is missing or damaged
 */
export async function readVariants(root: Descriptor, blobs: BlobStore): Promise<ImageVariant[]> {
  if (isIndexType(root.mediaType)) {
    const children = parseIndex(await blobs.read(root)).manifests.filter(({ digest }) => blobs.has(digest));
    const variants = [];
    for (const child of children) variants.push(...(await readVariants(child, blobs)));
    return variants;
  }
  const { config: configDescriptor, layers } = parseManifest(await blobs.read(root));
  const { os, architecture, variant, created } = parseImageConfig(await blobs.read(configDescriptor));
  const sizes = new Map([configDescriptor, ...layers].map(({ digest, size }) => [digest, size]));
  return [
    {
      manifest: root,
      configDigest: configDescriptor.digest,
      platform: normalizePlatform({ os, architecture, variant }),
      created,
      sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    },
  ];
}
