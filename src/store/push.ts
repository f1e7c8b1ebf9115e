import type { BlobStore } from '../content/blob-store.ts';
import type { Digest } from '../core/digest.ts';
import { UsageError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-type.ts';
import { parseReference } from '../registry/reference.ts';
import { findRefs } from './find-image.ts';
import type { LocalStore } from './local-store.ts';
import type { RegistryWork } from './pull.ts';
import { asStep } from './step-reporter.ts';

export interface PushedImage {
  /** In full: the registry is a part of it. */
  readonly name: string;
  /** Of the manifest or index. */
  readonly digest: Digest;
}

/**
 * Sends an image of the store to the registry that its name begins with; blobs that are there already are
 * not sent.
 * @throws StrataError `no-such-image`; UsageError `name-needed`; RemoteError; IntegrityError `blob-missing`,
 * `blob-damaged`; CanceledError
 */
export async function pushStored(text: string, store: LocalStore, work: RegistryWork): Promise<PushedImage> {
  const [{ name, target }, ...others] = await findRefs(text, store);
  if (others.length > 0) {
    throw new UsageError('name-needed', `"${text}" has several names, and each may go to another registry`, {
      hint: `push one of ${[name, ...others.map((other) => other.name)].join(', ')}`,
    });
  }
  const { registry, signal } = work;
  return asStep(`pushing ${name}`, work, async (report) => {
    const image = await gather(target, store.blobs);
    const onProgress = (blob: Descriptor, bytes: number) => report(blob, bytes, bytes === blob.size);
    await registry.push(parseReference(name), image, store.blobs, { onProgress }, signal);
    return { name, digest: target.digest };
  });
}

/** Everything below a manifest or index, in the order in which a registry takes it: children first. */
async function gather(
  root: Descriptor,
  blobs: BlobStore,
): Promise<{ blobs: Descriptor[]; manifests: Descriptor[] }> {
  if (!isIndexType(root.mediaType)) {
    const { config, layers } = parseManifest(await blobs.read(root));
    return { blobs: [config, ...layers], manifests: [root] };
  }
  const below = { blobs: [] as Descriptor[], manifests: [] as Descriptor[] };
  for (const child of parseIndex(await blobs.read(root)).manifests) {
    const found = await gather(child, blobs);
    below.blobs.push(...found.blobs);
    below.manifests.push(...found.manifests);
  }
  return { blobs: below.blobs, manifests: [...below.manifests, root] };
}
