import type { BlobInfo, BlobReader } from '../content/blob-store.ts';
import type { BlobDigest } from '../core/digest.ts';
import type { Descriptor, Manifest } from '../oci/descriptor.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType, isManifestType } from '../oci/media-type.ts';

/** An image to hand over: everything it consists of lies in the blob store. */
export interface ExportImage {
  /** Its manifest, or the index that stands for it on several platforms. */
  readonly manifest: Descriptor;
  /** Full names with tags: `docker.io/library/app:1`. */
  readonly names: readonly string[];
}

/** The manifest of an image, or those its index lists, each with the descriptor it goes by. */
export async function readManifests(
  root: Descriptor,
  blobs: BlobReader,
): Promise<{ descriptor: Descriptor; manifest: Manifest }[]> {
  if (isIndexType(root.mediaType)) {
    const { manifests } = parseIndex(await blobs.read(root));
    const found = [];
    for (const descriptor of manifests) found.push(...(await readManifests(descriptor, blobs)));
    return found;
  }
  return [{ descriptor: root, manifest: parseManifest(await blobs.read(root)) }];
}

/**
 * Reads all that the images consist of: what goes into a stream cannot be taken back when a blob turns out damaged.
 * @throws IntegrityError when one is missing or damaged
 */
export async function checkImages(roots: readonly Descriptor[], blobs: BlobReader): Promise<void> {
  for (const info of await reachableBlobs(roots, blobs)) {
    for await (const _ of blobs.open(info));
  }
}

/**
 * Every blob that the images consist of, each once, in the order of their digests: a fixed one. They are in use from
 * then on, whatever becomes of the images' names.
 */
export async function reachableBlobs(roots: readonly Descriptor[], blobs: BlobReader): Promise<BlobInfo[]> {
  const found = new Map<BlobDigest, BlobInfo>();
  async function visit(descriptor: Descriptor): Promise<void> {
    const { digest, size, mediaType } = descriptor;
    if (found.has(digest)) return;
    found.set(digest, { digest, size });
    // Whoever asks for a blob of a store marks it: no prune takes it away meanwhile.
    blobs.has(digest);
    if (isIndexType(mediaType)) {
      for (const child of parseIndex(await blobs.read(descriptor)).manifests) await visit(child);
    } else if (isManifestType(mediaType)) {
      const { config, layers } = parseManifest(await blobs.read(descriptor));
      for (const child of [config, ...layers]) await visit(child);
    }
  }
  for (const root of roots) await visit(root);
  return [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
