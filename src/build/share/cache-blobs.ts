import type { BlobStore } from '../../content/blob-store.ts';
import type { BlobDigest } from '../../core/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { BuildSession } from '../session.ts';
import type { GatheredCache } from './gather-cache.ts';

/** The blobs of a cache wherever they are; a layer that only an import has is fetched when it is read. */
export function cacheBlobs(
  { store, bases, imports, io }: BuildSession,
  scratch: BlobStore,
  { layers, mounts, lists }: GatheredCache,
): BlobStore {
  const main = store.blobs;
  const listed = new Map([...lists.values()].map(({ info, bytes }) => [info.digest, bytes]));
  const all = [...layers.values(), ...[...mounts.values()].map(({ layer }) => layer)];
  const descriptors = new Map(all.map(({ descriptor }) => [descriptor.digest, descriptor]));
  const holderOf = (digest: BlobDigest) => (scratch.has(digest) ? scratch : main);
  const bring = async (descriptor: Descriptor) => {
    if (scratch.has(descriptor.digest) || main.has(descriptor.digest)) return;
    await (bases.canFetch(descriptor) ? bases : imports).fetch(descriptor, io.signal);
  };
  return {
    ...main,
    has: (digest) => holderOf(digest).has(digest),
    size: (digest) => holderOf(digest).size(digest),
    path: (digest) => holderOf(digest).path(digest),
    read: (info, limit) => holderOf(info.digest).read(info, limit),
    async *open(info) {
      const bytes = listed.get(info.digest);
      if (bytes !== undefined) {
        yield bytes;
        return;
      }
      const descriptor = descriptors.get(info.digest);
      if (descriptor !== undefined) await bring(descriptor);
      yield* holderOf(info.digest).open(info);
    },
  };
}
