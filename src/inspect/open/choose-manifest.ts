import type { Digest } from '../../core/digest.ts';
import { StrataError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { nameAnnotations } from '../../oci/layout.ts';
import { matchPlatform, noMatchingPlatform } from '../../oci/match-platform.ts';
import { isIndexType, isManifestType } from '../../oci/media-type.ts';

/** Which image of several is meant. */
export interface Wanted {
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
  /** Undefined: the machine's own, or the only one there is. */
  readonly platform?: Platform | undefined;
  readonly hostPlatform: Platform;
}

/** What a layout calls one of its entries: the whole name, where it has one. */
export function layoutName(entry: Descriptor): string | undefined {
  return namesIn(entry)[0];
}

function namesIn({ annotations }: Descriptor): string[] {
  return [nameAnnotations.full, nameAnnotations.ref].flatMap((key) => annotations?.[key] ?? []);
}

/**
 * The entry of a layout that is meant: by digest, by tag, or because there is one image only.
 * @throws StrataError `no-such-image`, `ambiguous-image`, naming those there are
 */
export function chooseEntry(
  place: string,
  entries: readonly Descriptor[],
  { tag, digest }: Wanted,
): Descriptor {
  const images = entries.filter(({ mediaType }) => isIndexType(mediaType) || isManifestType(mediaType));
  const meant = images.filter((entry) => {
    if (digest !== undefined) return entry.digest === digest;
    return tag === undefined || namesIn(entry).some((name) => name === tag || name.endsWith(`:${tag}`));
  });
  const [first] = meant;
  const hint = listEntries(images);
  if (first === undefined) {
    const wanted = digest ?? tag;
    const what = wanted === undefined ? 'an image' : `an image "${wanted}"`;
    throw new StrataError('no-such-image', `${place} does not hold ${what}`, { hint });
  }
  if (meant.some((entry) => entry.digest !== first.digest)) {
    throw new StrataError('ambiguous-image', `${place} holds more than one image`, {
      hint: `name one: ${place}:TAG or ${place}@DIGEST; ${hint}`,
    });
  }
  return first;
}

function listEntries(images: readonly Descriptor[]): string {
  const known = images.map((entry) => layoutName(entry) ?? entry.digest);
  return known.length === 0 ? 'it holds no images at all' : `it has ${[...new Set(known)].join(', ')}`;
}

/**
 * The image of an index for a platform. Without one asked for: the machine's own, else the only one there is.
 * @throws StrataError `no-matching-platform`
 */
export function choosePlatform(
  place: string,
  manifests: readonly Descriptor[],
  { platform, hostPlatform }: Wanted,
): Descriptor {
  // Attestations have the shape of an image and the content of something else.
  const images = manifests.filter((entry) => entry.platform?.os !== 'unknown');
  const [only] = images;
  if (platform === undefined && only !== undefined && images.length === 1) return only;
  const wanted = platform ?? hostPlatform;
  const found = matchPlatform(images, wanted);
  if (found === undefined) throw noMatchingPlatform(place, wanted, images);
  return found;
}
