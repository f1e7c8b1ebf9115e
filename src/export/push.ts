import type { BlobReader, BlobStore } from '../content/blob-store.ts';
import type { RefStore } from '../content/refs.ts';
import type { BlobDigest } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import type { Reference } from '../core/image-reference.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-type.ts';
import type { PushImage, PushReceipt } from '../registry/push/push-image.ts';
import { parseReference } from '../registry/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { readManifests } from './image.ts';

/** Where an image is taken from, and by whom it is sent. */
export interface PushServices {
  readonly blobs: BlobStore;
  readonly refs: Pick<RefStore, 'list'>;
  readonly registry: Registry;
  /** Where blobs come from that are not in the store; absent where all of them are. */
  readonly remote?: RemoteBlobs;
  readonly onProgress: (blob: Descriptor, bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Blobs of an image that need not be in the store: of its base, of an imported cache. */
export interface RemoteBlobs {
  /** Brings one into the store, unless it is there. */
  bring(blob: Descriptor): Promise<void>;
  /** The repository that has it, if it is known. */
  repositoryOf(blob: Descriptor): Reference | undefined;
}

/** What became of the blobs in one repository. */
export interface PushedRepository {
  /** `registry.test/team/app`. */
  readonly repository: string;
  readonly receipt: PushReceipt;
  /** Of all blobs that the image has, by their digests. */
  readonly blobBytes: ReadonlyMap<BlobDigest, number>;
}

/**
 * Sends an image to the registries its names begin with. Blobs go once to each repository however many tags
 * it gets, and not at all where they are there or can be taken over from another repository.
 *
 * @param names one without a tag makes the image known by its digest alone
 * @throws RemoteError; IntegrityError `blob-missing`, `blob-damaged`; CanceledError
 */
export async function pushToRegistries(
  root: Descriptor,
  names: readonly Reference[],
  { blobs, refs, registry, remote, onProgress, signal }: PushServices,
): Promise<PushedRepository[]> {
  const image = await gather(root, blobs);
  // Whoever asks for a blob of a store marks it: no prune takes it away meanwhile.
  for (const { digest } of [...image.blobs, ...image.manifests]) blobs.has(digest);
  const blobBytes = new Map(image.blobs.map(({ digest, size }) => [digest, size]));
  const repositories = new Map<string, { readonly at: Reference; readonly tags: string[] }>();
  for (const reference of names) {
    const key = `${reference.registry}/${reference.repository}`;
    const { registry: host, repository } = reference;
    const known = repositories.get(key) ?? { at: { registry: host, repository }, tags: [] };
    repositories.set(key, known);
    if (reference.tag !== undefined) known.tags.push(reference.tag);
  }
  const pushed: PushedRepository[] = [];
  for (const [repository, { at, tags }] of repositories) {
    const mountFrom = new Map([
      ...(await otherRepositories(at, image.blobs, refs, blobs)),
      ...remoteRepositories(at, image.blobs, remote),
    ]);
    const bring = remote === undefined ? {} : { bring: remote.bring };
    const options = { mountFrom, furtherTags: tags, onProgress, ...bring };
    const receipt = await registry.push(at, image, blobs, options, signal);
    pushed.push({ repository, receipt, blobBytes });
  }
  return pushed;
}

/** `2 blobs sent, 3 there already`. */
export function printReceipt({ sent, mounted, skipped }: PushReceipt): string {
  const parts = [
    [sent, 'sent'],
    [mounted, 'taken over from another repository'],
    [skipped, 'there already'],
  ] as const;
  const told = parts.filter(([blobs]) => blobs.length > 0);
  return told.map(([blobs, what], at) => `${countOf(blobs.length, at === 0)} ${what}`).join(', ');
}

function countOf(count: number, isFirst: boolean): string {
  return isFirst ? `${count} ${count === 1 ? 'blob' : 'blobs'}` : String(count);
}

/** Everything below a manifest or index, in the order in which a registry takes it: children first. */
async function gather(root: Descriptor, blobs: BlobReader): Promise<PushImage> {
  if (!isIndexType(root.mediaType)) {
    const { config, layers } = parseManifest(await blobs.read(root));
    return { blobs: [config, ...layers], manifests: [root] };
  }
  const below: { blobs: Descriptor[]; manifests: Descriptor[] } = { blobs: [], manifests: [] };
  for (const child of parseIndex(await blobs.read(root)).manifests) {
    const found = await gather(child, blobs);
    below.blobs.push(...found.blobs);
    below.manifests.push(...found.manifests);
  }
  return { blobs: below.blobs, manifests: [...below.manifests, root] };
}

/**
 * Where else in the same registry the blobs should be: in the repositories of the images that have them here.
 * A registry that knows better wants the blob sent.
 */
async function otherRepositories(
  { registry, repository }: Reference,
  wanted: readonly Descriptor[],
  refs: Pick<RefStore, 'list'>,
  blobs: BlobReader,
): Promise<Map<BlobDigest, string>> {
  const missing = new Set(wanted.map(({ digest }) => digest));
  const found = new Map<BlobDigest, string>();
  for (const { name, target } of refs.list()) {
    const other = parseReference(name);
    if (other.registry !== registry || other.repository === repository) continue;
    for (const digest of await layersOf(target, blobs)) {
      if (missing.has(digest) && !found.has(digest)) found.set(digest, other.repository);
    }
  }
  return found;
}

/** Those of them that are known to be in another repository of the same registry. */
function remoteRepositories(
  { registry, repository }: Reference,
  wanted: readonly Descriptor[],
  remote: RemoteBlobs | undefined,
): [BlobDigest, string][] {
  return wanted.flatMap((blob): [BlobDigest, string][] => {
    const other = remote?.repositoryOf(blob);
    const isElsewhere = other?.registry === registry && other.repository !== repository;
    return isElsewhere ? [[blob.digest, other.repository]] : [];
  });
}

async function layersOf(root: Descriptor, blobs: BlobReader): Promise<BlobDigest[]> {
  try {
    const images = await readManifests(root, blobs);
    return images.flatMap(({ manifest }) => manifest.layers.map(({ digest }) => digest));
  } catch (error) {
    // An image that is not all here says nothing.
    if (error instanceof IntegrityError) return [];
    throw error;
  }
}
