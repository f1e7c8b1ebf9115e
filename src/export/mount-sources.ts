/** Where in a registry blobs may lie that another of its repositories needs: they are then not sent again. */
import type { BlobReader } from '../content/blob-store.ts';
import type { RefStore } from '../content/refs.ts';
import type { BlobDigest } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import type { Reference } from '../core/image-reference.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference } from '../registry/reference.ts';
import { readManifests } from './image.ts';

type RepositoryOf = (blob: Descriptor) => Reference | undefined;

/**
 * The repositories from which blobs can be taken over, as far as anything tells. A registry that knows better
 * wants the blob sent.
 * @param at where the blobs are wanted
 * @param repositoryOf where a blob came from, if that was a registry; it is believed before the names of the store
 */
export async function mountSources(
  at: Reference,
  wanted: readonly Descriptor[],
  refs: Pick<RefStore, 'list'>,
  blobs: BlobReader,
  repositoryOf: RepositoryOf,
): Promise<Map<BlobDigest, string>> {
  return new Map([...(await namedHere(at, wanted, refs, blobs)), ...broughtFrom(at, wanted, repositoryOf)]);
}

/** By the images that have them here, which should be where their names say. */
async function namedHere(
  { registry, repository }: Reference,
  wanted: readonly Descriptor[],
  refs: Pick<RefStore, 'list'>,
  blobs: BlobReader,
): Promise<Map<BlobDigest, string>> {
  const digests = new Set(wanted.map(({ digest }) => digest));
  const found = new Map<BlobDigest, string>();
  for (const { name, target } of refs.list()) {
    const other = parseReference(name);
    if (other.registry !== registry || other.repository === repository) continue;
    for (const digest of await layersOf(target, blobs)) {
      if (digests.has(digest) && !found.has(digest)) found.set(digest, other.repository);
    }
  }
  return found;
}

/** By where they were fetched, or would be. */
function broughtFrom(
  { registry, repository }: Reference,
  wanted: readonly Descriptor[],
  repositoryOf: RepositoryOf,
): [BlobDigest, string][] {
  return wanted.flatMap((blob): [BlobDigest, string][] => {
    const other = repositoryOf(blob);
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
