import { StrataError } from '../core/errors.ts';
import { normalizePlatform, type Platform, printPlatform } from '../core/platform.ts';
import type { Descriptor, ManifestPlatform } from './descriptor.ts';
import { isIndexType, isManifestType } from './media-type.ts';

/**
 * The manifest of an index that suits a platform best, undefined when none does. Older 32-bit arm variants
 * stand in for newer ones, amd64's lower levels for its higher ones, arm for arm64 and 386 for amd64, as
 * containerd's default matcher has it; among equals the first listed wins. A manifest without a platform
 * is taken only when no listed one fits: its config has to tell.
 */
export function matchPlatform(
  descriptors: readonly Descriptor[],
  platform: Platform,
): Descriptor | undefined {
  for (const wanted of acceptable(normalizePlatform(platform))) {
    const found = descriptors.find(
      (descriptor) => descriptor.platform !== undefined && isSame(descriptor.platform, wanted),
    );
    if (found !== undefined) return found;
  }
  return descriptors.find(
    (descriptor) =>
      descriptor.platform === undefined &&
      (isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType)),
  );
}

/**
 * StrataError `no-matching-platform`: what is said where `matchPlatform` finds none.
 * @param image what it is called, for people
 */
export function noMatchingPlatform(
  image: string,
  platform: Platform,
  offered: readonly Descriptor[],
): StrataError {
  const known = offered.flatMap((each) =>
    each.platform === undefined || each.platform.os === 'unknown' ? [] : printPlatform(each.platform),
  );
  const list = [...new Set(known)].join(', ');
  return new StrataError('no-matching-platform', `${image} has no image for ${printPlatform(platform)}`, {
    hint: list === '' ? 'it names no platform at all' : `it has ${list}: choose one with --platform`,
  });
}

function isSame(offered: ManifestPlatform, wanted: Platform): boolean {
  const { os, architecture, variant } = normalizePlatform(offered);
  return os === wanted.os && architecture === wanted.architecture && variant === wanted.variant;
}

/** What a machine of this platform can run, best first. */
function acceptable(platform: Platform): Platform[] {
  const { os, architecture, variant } = platform;
  const level = Number(/^v([0-9]+)$/.exec(variant ?? '')?.[1] ?? 0);
  const lower = (lowest: number) =>
    Array.from({ length: Math.max(0, level - lowest) }, (_, i) => ({
      os,
      architecture,
      variant: `v${level - 1 - i}`,
    }));
  const plain = variant === undefined ? [] : [{ os, architecture }];
  if (architecture === 'arm') return [platform, ...lower(5)];
  if (architecture === 'arm64')
    return [platform, ...plain, ...acceptable({ os, architecture: 'arm', variant: 'v8' })];
  if (architecture === 'amd64') return [platform, ...lower(2), ...plain, { os, architecture: '386' }];
  return [platform, ...plain];
}
