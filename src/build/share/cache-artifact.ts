/**
 * The artifact a cache travels as: an image manifest whose layers are the document of the cache, packs of small
 * blobs, and the larger layers one by one. Registries take it for an image with an unusual config.
 */
import type { BlobInfo, BlobReader, BlobStore } from '../../content/blob-store.ts';
import type { BlobDigest } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import { type Descriptor, type Manifest, mediaTypes } from '../../oci/descriptor.ts';
import { encodeJSON } from '../../oci/json.ts';

const cacheTypes = {
  artifact: 'application/vnd.strata.cache.v1',
  document: 'application/vnd.strata.cache.document.v1+json+gzip',
  pack: 'application/vnd.strata.cache.pack.v1',
  /** image-spec, manifest.md, "Guidelines for Artifact Usage". */
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

/** The document of a cache and its packs, as the manifest lists them. */
export interface CacheArtifact {
  readonly document: Descriptor;
  readonly packs: ReadonlyMap<BlobDigest, BlobInfo>;
}

/** Whether a manifest is one of a cache and not of an image. */
export function isCacheManifest({ artifactType, layers }: Manifest): boolean {
  return artifactType === cacheTypes.artifact || layers[0]?.mediaType === cacheTypes.document;
}

/** @throws IntegrityError `bad-cache` */
export function readCacheManifest({ layers }: Manifest): CacheArtifact {
  const document = layers.find(({ mediaType }) => mediaType === cacheTypes.document);
  if (document === undefined)
    throw new IntegrityError('bad-cache', 'the manifest of the cache names no document');
  const packs = layers.filter(({ mediaType }) => mediaType === cacheTypes.pack);
  return { document, packs: new Map(packs.map(({ digest, size }) => [digest, { digest, size }])) };
}

/** Larger than any other document; a build of thousands of steps has it. */
const longestDocument = 64 << 20;

/** The document, whole; one of over 64 MiB is refused before it is read. */
export function readDocument({ document }: CacheArtifact, blobs: BlobReader): Promise<Uint8Array> {
  return blobs.read(document, longestDocument);
}

/** Stores the manifest and what belongs to it alone. */
export async function assembleCache(
  document: Uint8Array,
  packs: readonly BlobInfo[],
  layers: readonly Descriptor[],
  blobs: BlobStore,
): Promise<Descriptor> {
  const config = { mediaType: cacheTypes.empty, ...(await blobs.put(Buffer.from('{}'))) };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: cacheTypes.artifact,
    config,
    layers: [
      { mediaType: cacheTypes.document, ...(await blobs.put(document)) },
      ...packs.map(({ digest, size }) => ({ mediaType: cacheTypes.pack, digest, size })),
      ...layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    ],
  };
  return { mediaType: mediaTypes.ociManifest, ...(await blobs.put(encodeJSON(manifest))) };
}
