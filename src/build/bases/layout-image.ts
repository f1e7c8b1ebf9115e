import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BlobStore } from '../../content/blob-store.ts';
import { copyBlob } from '../../content/copy-blob.ts';
import { openLayoutBlobs } from '../../content/dir-reader.ts';
import { digestHex, isDigest } from '../../core/digest.ts';
import { HostError, StrataError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { nameAnnotations } from '../../oci/layout.ts';
import { parseIndex } from '../../oci/manifest.ts';
import { type BringBlob, type FoundImage, findForPlatform } from './image-source.ts';

/**
 * An image of an OCI layout: `DIR`, `DIR:tag`, `DIR@digest` or `DIR:tag@digest` (the digest decides).
 * @throws HostError `no-such-layout`, StrataError `no-such-image`
 */
export async function findInLayout(
  spec: string,
  platform: Platform,
  blobs: BlobStore,
  signal: AbortSignal,
): Promise<FoundImage> {
  const { directory, tag, digest } = parseLayoutSpec(spec);
  const reference = `oci-layout://${spec}`;
  const root = chooseManifest(reference, readLayoutIndex(directory), tag, digest);
  const layout = openLayoutBlobs(directory);
  const bring: BringBlob = (blob) => copyBlob(blob, layout, blobs);
  return findForPlatform(reference, root, platform, blobs, bring, signal);
}

function parseLayoutSpec(spec: string): { directory: string; tag?: string; digest?: string } {
  const [beforeDigest = '', digest] = spec.split('@', 2);
  const tagged = /^(.*):([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/.exec(beforeDigest);
  const directory = resolve(tagged?.[1] ?? beforeDigest);
  return {
    directory,
    ...(tagged?.[2] === undefined ? {} : { tag: tagged[2] }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function readLayoutIndex(directory: string): readonly Descriptor[] {
  try {
    return parseIndex(readFileSync(join(directory, 'index.json'))).manifests;
  } catch (cause) {
    if (cause instanceof StrataError) throw cause;
    throw new HostError(
      'no-such-layout',
      `"${directory}" is not an OCI image layout: no readable index.json in it`,
      {
        hint: 'name a directory that holds oci-layout, index.json and blobs',
        cause,
      },
    );
  }
}

function chooseManifest(
  reference: string,
  manifests: readonly Descriptor[],
  tag: string | undefined,
  digest: string | undefined,
): Descriptor {
  const nameOf = (entry: Descriptor) => entry.annotations?.[nameAnnotations.ref];
  const found =
    digest !== undefined
      ? manifests.find((entry) => entry.digest === digest)
      : (manifests.find((entry) => nameOf(entry) === (tag ?? 'latest')) ??
        manifests.find((entry) => tag !== undefined && nameOf(entry)?.endsWith(`:${tag}`)) ??
        (tag === undefined && manifests.length === 1 ? manifests[0] : undefined));
  if (found !== undefined && isDigest(found.digest)) return found;
  const names = manifests.flatMap((entry) => nameOf(entry) ?? digestHex(entry.digest).slice(0, 12));
  throw new StrataError('no-such-image', `${reference} names no image of that layout`, {
    hint: names.length === 0 ? 'the layout is empty' : `it has ${names.join(', ')}`,
  });
}
