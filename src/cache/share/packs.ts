/**
 * Small blobs travel together: registries and the caches of CI services count requests, not bytes. A pack is
 * small blobs one after the other; where each lies is said elsewhere. A pack that another cache has is used
 * again as long as most of it is still wanted.
 */
import type { BlobInfo, BlobReader, BlobStore } from '../../content/blob-store.ts';
import { compareBytes } from '../../core/byte-path.ts';
import type { BlobDigest } from '../../core/digest.ts';
import type { Slice } from './shared-cache.ts';

/** Smaller blobs go into packs. */
const smallBytes = 1 << 20;
const fullPackBytes = 16 << 20;
/** Old packs beyond this many are made anew, so that a cache never becomes many small packs in the end. */
const oldPacksKept = 8;

/** Whether a blob travels in a pack with others. */
export function isSmall({ size }: BlobInfo): boolean {
  return size < smallBytes;
}

/** Packs that are there already, and what lies in them. */
export interface KnownPacks {
  readonly packs: ReadonlyMap<BlobDigest, BlobInfo>;
  readonly slices: ReadonlyMap<BlobDigest, Slice>;
}

export interface PackedBlobs {
  readonly packs: readonly BlobInfo[];
  /** Of every blob that was given. */
  readonly slices: ReadonlyMap<BlobDigest, Slice>;
}

/**
 * Packs blobs, using known packs of which at least half is wanted. Equal blobs and equal known packs give
 * equal packs.
 * @param from reads a blob, wherever it is
 * @param to where new packs go
 */
export async function packBlobs(
  wanted: readonly BlobInfo[],
  known: KnownPacks,
  from: Pick<BlobReader, 'open'>,
  to: Pick<BlobStore, 'create'>,
): Promise<PackedBlobs> {
  const blobs = [...new Map(wanted.map((blob) => [blob.digest, blob])).values()].sort((a, b) =>
    compareBytes(a.digest, b.digest),
  );
  const packs = new Map(usefulPacks(blobs, known).map((pack) => [pack.digest, pack]));
  const slices = new Map<BlobDigest, Slice>();
  let group: BlobInfo[] = [];
  let bytes = 0;
  const finish = async () => {
    if (group.length === 0) return;
    const pack = await writePack(group, from, to);
    packs.set(pack.info.digest, pack.info);
    for (const [digest, slice] of pack.slices) slices.set(digest, slice);
    [group, bytes] = [[], 0];
  };
  for (const blob of blobs) {
    const slice = known.slices.get(blob.digest);
    if (slice !== undefined && packs.has(slice.pack)) {
      slices.set(blob.digest, slice);
      continue;
    }
    if (bytes + blob.size > fullPackBytes) await finish();
    group.push(blob);
    bytes += blob.size;
  }
  await finish();
  return { packs: [...packs.values()], slices };
}

/** Known packs of which enough is wanted, those with most of it first. */
function usefulPacks(blobs: readonly BlobInfo[], { packs, slices }: KnownPacks): BlobInfo[] {
  const live = new Map<BlobDigest, number>();
  for (const { digest, size } of blobs) {
    const pack = slices.get(digest)?.pack;
    if (pack !== undefined) live.set(pack, (live.get(pack) ?? 0) + size);
  }
  return [...live]
    .sort(([a, one], [b, other]) => other - one || compareBytes(a, b))
    .flatMap(([digest, bytes]) => {
      const pack = packs.get(digest);
      return pack !== undefined && bytes * 2 >= pack.size ? [pack] : [];
    })
    .slice(0, oldPacksKept);
}

async function writePack(
  blobs: readonly BlobInfo[],
  from: Pick<BlobReader, 'open'>,
  to: Pick<BlobStore, 'create'>,
): Promise<{ readonly info: BlobInfo; readonly slices: readonly (readonly [BlobDigest, Slice])[] }> {
  const writer = await to.create();
  try {
    const places = blobs.map((blob) => ({ blob, offset: 0 }));
    for (const place of places) {
      place.offset = writer.size;
      for await (const chunk of from.open(place.blob)) await writer.write(chunk);
    }
    const info = await writer.commit();
    const sliceOf = ({ digest, size }: BlobInfo, offset: number) =>
      [digest, { pack: info.digest, offset, size }] as const;
    return { info, slices: places.map(({ blob, offset }) => sliceOf(blob, offset)) };
  } finally {
    await writer.abort();
  }
}
