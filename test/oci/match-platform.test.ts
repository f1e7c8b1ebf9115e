import { describe, expect, it } from 'vitest';
import { parsePlatform } from '../../src/core/platform.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/descriptor.ts';
import { matchPlatform } from '../../src/oci/match-platform.ts';

const host = { os: 'linux', architecture: 'amd64' };

/** One descriptor per word; the size is its place, so that the answer can be told. */
function offered(platforms: string): Descriptor[] {
  return platforms.split(' ').map((text, index) => {
    const [os = '', architecture = '', variant] = text.split('/');
    const digest = `sha256:${'0'.repeat(64)}` as const;
    const plain = { mediaType: mediaTypes.ociManifest, digest, size: index };
    if (text === '-') return plain;
    return { ...plain, platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
  });
}

describe('matchPlatform', () => {
  it.each([
    ['the same', 'linux/386 linux/amd64', 'linux/amd64', 1],
    ['the first of two', 'linux/amd64 linux/amd64', 'linux/amd64', 0],
    ['other spelling', 'linux/x86_64', 'linux/amd64', 0],
    ['amd64 by its older name', 'linux/386 linux/amd64', 'linux/x86_64', 1],
    ['arm64 by its older name', 'linux/arm/v7 linux/arm64', 'linux/aarch64', 1],
    ['arm by its name with hardware floats', 'linux/arm/v6 linux/arm/v7', 'linux/armhf', 1],
    ['arm by its name without', 'linux/arm/v7 linux/arm/v6', 'linux/armel', 1],
    ['386 by its older name', 'linux/amd64 linux/386', 'linux/i386', 1],
    ['another system', 'windows/amd64', 'linux/amd64', undefined],
    ['a system alone is of the same machine', 'linux/amd64 windows/amd64', 'windows', 1],
    ['attestations never', 'unknown/unknown linux/arm64', 'linux/amd64', undefined],
    ['386 on amd64', 'linux/arm64 linux/386', 'linux/amd64', 1],
    ['not amd64 on 386', 'linux/amd64', 'linux/386', undefined],
    ['plain amd64 asked, v3 offered', 'linux/amd64/v3', 'linux/amd64', undefined],
    ['v3 asked, nearest below', 'linux/amd64 linux/amd64/v2 linux/amd64/v4', 'linux/amd64/v3', 1],
    ['v2 asked, plain offered', 'linux/386 linux/amd64', 'linux/amd64/v2', 1],
    ['arm falls downward', 'linux/arm/v5 linux/arm/v6 linux/arm64', 'linux/arm/v7', 1],
    ['arm never falls upward', 'linux/arm/v7', 'linux/arm/v6', undefined],
    ['arm without a variant is v7', 'linux/arm', 'linux/arm/v7', 0],
    ['arm64 with its usual variant', 'linux/arm linux/arm64/v8', 'linux/arm64', 1],
    ['arm64 runs arm', 'linux/amd64 linux/arm/v6 linux/arm/v7', 'linux/arm64', 2],
    ['no platform said, nothing better', 'linux/s390x -', 'linux/amd64', 1],
    ['no platform said, something better', '- linux/amd64', 'linux/amd64', 1],
  ])('%s', (_title, platforms, wanted, want) => {
    expect(matchPlatform(offered(platforms), parsePlatform(wanted, host))?.size).toBe(want);
  });
});
