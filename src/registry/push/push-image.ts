import type { BlobStore } from '../../content/blob-store.ts';
import type { BlobDigest } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { Reference } from '../../core/image-reference.ts';
import { Limiter } from '../../core/limiter.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Repository } from '../repository.ts';
import { type UploadResult, uploadBlob } from './upload-blob.ts';

/** What is pushed; it lies in the blob store, or is brought there when it is needed. */
export interface PushImage {
  /** Configs and layers. */
  readonly blobs: readonly Descriptor[];
  /** Manifests, and the indices over them, children first. The last one gets the tag, if there is one. */
  readonly manifests: readonly Descriptor[];
}

export interface PushOptions {
  /** Blobs that another repository of the same registry has: digest to repository. */
  readonly mountFrom?: ReadonlyMap<BlobDigest, string>;
  /** Blobs over this many bytes are uploaded in pieces of it; by default every blob goes in one. */
  readonly chunkBytes?: number;
  /** Brings a blob into the store that the repository lacks; without it all of them lie there. */
  readonly bring?: (blob: Descriptor) => Promise<void>;
  /** What the image is called besides the tag of the reference. */
  readonly furtherTags?: readonly string[];
  readonly onProgress?: (blob: Descriptor, bytes: number) => void;
}

/** What became of every blob, in the order they were given. */
export type PushReceipt = Readonly<Record<UploadResult, readonly BlobDigest[]>>;

const uploadsAtOnce = 4;

/**
 * Uploads blobs, then manifests, so that nothing is named before all of it is there.
 * @throws RemoteError; IntegrityError `blob-damaged`, `blob-missing`, `digest-mismatch`
 */
export async function pushImage(
  repository: Repository,
  reference: Reference,
  image: PushImage,
  store: BlobStore,
  { mountFrom, bring, chunkBytes = 0, furtherTags = [], onProgress }: PushOptions,
): Promise<PushReceipt> {
  const distinct = [...new Map(image.blobs.map((blob) => [blob.digest, blob])).values()];
  const limiter = new Limiter(uploadsAtOnce);
  const results = await Promise.all(
    distinct.map((blob) =>
      limiter.run(() =>
        uploadBlob(repository, blob, store, {
          mountFrom: mountFrom?.get(blob.digest),
          bring,
          chunkBytes,
          onProgress: (bytes) => onProgress?.(blob, bytes),
        }),
      ),
    ),
  );
  const tags = reference.tag === undefined ? furtherTags : [reference.tag, ...furtherTags];
  for (const manifest of image.manifests) {
    const isNamed = manifest === image.manifests.at(-1) && tags.length > 0;
    for (const name of isNamed ? tags : [manifest.digest])
      await putManifest(repository, manifest, store, name);
  }
  const those = (result: UploadResult) =>
    distinct.filter((_, i) => results[i] === result).map((each) => each.digest);
  return { sent: those('sent'), mounted: those('mounted'), skipped: those('skipped') };
}

async function putManifest(
  repository: Repository,
  manifest: Descriptor,
  store: BlobStore,
  name: string,
): Promise<void> {
  const bytes = await store.read(manifest);
  const answer = await repository.retrying(async () => {
    const put = await repository.send([200, 201, 202], {
      method: 'PUT',
      url: repository.url(`manifests/${name}`),
      headers: { 'content-type': manifest.mediaType, 'content-length': String(bytes.length) },
      body: () => bytes,
    });
    await put.discard();
    return put;
  });
  const stored = answer.header('docker-content-digest');
  if (stored !== undefined && stored !== manifest.digest) {
    throw new IntegrityError(
      'digest-mismatch',
      `${repository.endpoint.base.host} stored another manifest than was sent: want ${manifest.digest}, got ${stored}`,
    );
  }
}
