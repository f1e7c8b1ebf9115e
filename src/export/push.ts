import type { BlobReader, BlobStore } from '../content/blob-store.ts';
import type { RefStore } from '../content/refs.ts';
import type { BlobDigest } from '../core/digest.ts';
import type { Reference } from '../core/image-reference.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-type.ts';
import type { PushImage, PushReceipt } from '../registry/push/push-image.ts';
import type { Registry } from '../registry/registry.ts';
import { mountSources } from './mount-sources.ts';

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
  const repositoryOf = remote?.repositoryOf ?? (() => undefined);
  const bring = remote === undefined ? {} : { bring: remote.bring };
  const pushed: PushedRepository[] = [];
  for (const [repository, { at, tags }] of byRepository(names)) {
    const mountFrom = await mountSources(at, image.blobs, refs, blobs, repositoryOf);
    const options = { mountFrom, furtherTags: tags, onProgress, ...bring };
    const receipt = await registry.push(at, image, blobs, options, signal);
    pushed.push({ repository, receipt, blobBytes });
  }
  return pushed;
}

interface Tagged {
  readonly at: Reference;
  readonly tags: string[];
}

/** The repositories that names are in, by name. */
function byRepository(names: readonly Reference[]): Map<string, Tagged> {
  const found = new Map<string, Tagged>();
  for (const { registry, repository, tag } of names) {
    const key = `${registry}/${repository}`;
    const tagged = found.get(key) ?? { at: { registry, repository }, tags: [] };
    found.set(key, tagged);
    if (tag !== undefined) tagged.tags.push(tag);
  }
  return found;
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
