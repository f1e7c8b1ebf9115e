import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import type { BlobDigest } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { CachePlace } from './cache-import.ts';
import type { Slice } from './shared-cache.ts';

export interface PackSlices {
  /**
   * Opens what lies in a pack, which is brought with the first question for it. The pack was verified when it
   * came; what is cut out of it is for whoever stores it to verify.
   * @throws IntegrityError `bad-cache` when there is no such pack, or no such place in it
   */
  open(slice: Slice, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * The small blobs of a cache.
 * @param packs those that there are, with their sizes
 * @param scratch where they go
 */
export function openSlices(
  place: CachePlace,
  packs: ReadonlyMap<BlobDigest, BlobInfo>,
  scratch: BlobStore,
): PackSlices {
  const bringing = new Map<BlobDigest, Promise<void>>();
  return {
    async open(slice, signal) {
      const pack = packs.get(slice.pack);
      if (pack === undefined || slice.offset + slice.size > pack.size) {
        throw new IntegrityError(
          'bad-cache',
          `the cache says that something lies in ${slice.pack}, which is not so`,
        );
      }
      let work = bringing.get(pack.digest);
      if (work === undefined) {
        work = place.bring(pack, scratch, signal);
        bringing.set(pack.digest, work);
      }
      await work;
      return readSlice(scratch.path(pack.digest), slice);
    },
  };
}

function readSlice(path: string, { offset, size }: Slice): AsyncIterable<Uint8Array> {
  if (size === 0) return Readable.from([]);
  return createReadStream(path, { start: offset, end: offset + size - 1 });
}
