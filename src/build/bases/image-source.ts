/**
 * Where an image can come from. Whatever the source, its documents are in the blob store once it is found,
 * and its layers arrive there when they are fetched: byte for byte as they were made.
 */
import type { BlobReader } from '../../content/blob-store.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Descriptor, Manifest } from '../../oci/descriptor.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import { parseIndex, parseManifest } from '../../oci/manifest.ts';
import { matchPlatform, noMatchingPlatform } from '../../oci/match-platform.ts';
import { isIndexType } from '../../oci/media-type.ts';
import { parseImageConfig } from '../../oci/parse-image-config.ts';

export interface FoundImage {
  /** Canonical, as progress and the metadata file show it. */
  readonly reference: string;
  readonly manifestDescriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** Brings a layer into the blob store. */
  readonly fetchLayer: BringBlob;
}

/** Brings a document or layer of an image into the blob store, if it is not there. */
export type BringBlob = (
  blob: Descriptor,
  signal: AbortSignal,
  /** Told the bytes that have arrived. */
  onProgress?: (bytes: number) => void,
) => Promise<void>;

/**
 * Walks from what a name points at, through an index if need be, to the manifest and config for a platform.
 * @throws StrataError `no-matching-platform`
 */
export async function findForPlatform(
  reference: string,
  root: Descriptor,
  platform: Platform,
  blobs: BlobReader,
  bring: BringBlob,
  signal: AbortSignal,
): Promise<FoundImage> {
  /** What lies in the store may be damaged: then it is dropped, and brought once more. */
  const read = async (document: Descriptor) => {
    await bring(document, signal);
    try {
      return await blobs.read(document);
    } catch (error) {
      if (!(error instanceof IntegrityError) || error.code !== 'blob-damaged') throw error;
    }
    await bring(document, signal);
    return blobs.read(document);
  };
  let at = root;
  while (isIndexType(at.mediaType)) {
    const index = parseIndex(await read(at));
    const match = matchPlatform(index.manifests, platform);
    if (match === undefined) throw noMatchingPlatform(reference, platform, index.manifests);
    at = match;
  }
  const manifest = parseManifest(await read(at));
  const config = parseImageConfig(await read(manifest.config));
  checkLayerCount(reference, manifest, config);
  return { reference, manifestDescriptor: at, manifest, config, fetchLayer: bring };
}

/** The n-th layer of the manifest is the n-th diffID of the config (image-spec, config.md). */
function checkLayerCount(reference: string, { layers }: Manifest, { rootfs }: ImageConfig): void {
  if (layers.length === rootfs.diff_ids.length) return;
  throw new IntegrityError(
    'bad-image',
    `${reference} is damaged: its manifest has ${layers.length} layers, its config ${rootfs.diff_ids.length}`,
    { hint: 'whoever made the image has to make it again' },
  );
}
