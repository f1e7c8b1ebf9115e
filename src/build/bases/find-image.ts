/** From what FROM says to an image: a named layout, the local store, or a registry. */
import type { BlobStore } from '../../content/blob-store.ts';
import type { RefStore } from '../../content/refs.ts';
import { IntegrityError, RemoteError } from '../../core/errors.ts';
import type { Reference } from '../../core/image-reference.ts';
import { normalizePlatform, type Platform, printPlatform } from '../../core/platform.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseIndex } from '../../oci/manifest.ts';
import { isIndexType, isManifestType } from '../../oci/media-type.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import type { Registry } from '../../registry/registry.ts';
import { type BringBlob, type FoundImage, findForPlatform } from './image-source.ts';
import { findInLayout } from './layout-image.ts';

export interface ImageFinder {
  readonly blobs: BlobStore;
  readonly refs: RefStore;
  readonly registry: Registry;
  /** `--pull`: ask the registry even when the store has the image. */
  readonly pull: boolean;
}

/**
 * Finds an image for a platform; its manifest and config are then in the blob store.
 * @throws StrataError for a name that is none, an image that is not there, a platform it does not have
 */
export async function findImage(
  text: string,
  platform: Platform,
  finder: ImageFinder,
  signal: AbortSignal,
): Promise<FoundImage> {
  const layout = /^oci-layout:\/\/(.+)$/.exec(text)?.[1];
  if (layout !== undefined) return findInLayout(layout, platform, finder.blobs, signal);
  const reference = parseReference(text);
  const stored = finder.pull ? undefined : await findStored(reference, platform, finder, signal);
  if (stored !== undefined && isFor(platform, stored)) return stored;
  try {
    return await findRemote(reference, platform, finder, signal);
  } catch (error) {
    throw stored !== undefined && error instanceof RemoteError ? withOther(error, stored) : error;
  }
}

/** What a reference stands for, spelt out: `docker.io/library/debian:bookworm`; as given when it is no name. */
export function wholeName(text: string): string {
  try {
    return text.startsWith('oci-layout://') ? text : printReference(parseReference(text));
  } catch {
    return text;
  }
}

/** What the store has under the name: for another platform if for none else, and only if its documents are whole. */
async function findStored(
  reference: Reference,
  platform: Platform,
  finder: ImageFinder,
  signal: AbortSignal,
): Promise<FoundImage | undefined> {
  const name = printReference(reference);
  const root = finder.refs.get(name);
  if (root === undefined) return undefined;
  const bring: BringBlob = async (blob) => {
    if (finder.blobs.holds(blob)) return;
    await bringFromRegistry(reference, finder)(blob, signal);
  };
  try {
    return await findForPlatform(name, root, platform, finder.blobs, bring, signal);
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}

function isFor(platform: Platform, image: FoundImage): boolean {
  return platformOf(image) === printPlatform(platform);
}

function platformOf({ config: { os, architecture, variant } }: FoundImage): string {
  return printPlatform(normalizePlatform({ os, architecture, variant }));
}

/** Whoever built the base here for another platform looks for the mistake there, and not at the registry. */
function withOther({ code, message, hint, cause }: RemoteError, stored: FoundImage): RemoteError {
  const other = `the store has it for ${platformOf(stored)} only: FROM --platform=${platformOf(stored)} takes that`;
  return new RemoteError(code, message, { hint: hint === undefined ? other : `${other}; or ${hint}`, cause });
}

async function findRemote(
  reference: Reference,
  platform: Platform,
  finder: ImageFinder,
  signal: AbortSignal,
): Promise<FoundImage> {
  const { manifest, named } = await finder.registry.resolve(reference, platform, finder.blobs, signal);
  const bring = bringFromRegistry(reference, finder);
  const name = printReference(reference);
  const found = await findForPlatform(name, manifest, platform, finder.blobs, bring, signal);
  if (reference.digest === undefined) {
    const stands = (await isBesideAnother(name, manifest, named, finder)) ? named : manifest;
    await finder.refs.setBase(name, stands);
  }
  return found;
}

/** Whether the name has the image of another platform already: then it stands for both, by their index. */
async function isBesideAnother(
  name: string,
  manifest: Descriptor,
  named: Descriptor,
  { refs, blobs }: ImageFinder,
): Promise<boolean> {
  const before = refs.get(name);
  if (before === undefined || before.digest === manifest.digest || !isIndexType(named.mediaType))
    return false;
  const { manifests } = parseIndex(await blobs.read(named));
  return before.digest === named.digest || manifests.some(({ digest }) => digest === before.digest);
}

function bringFromRegistry(reference: Reference, { registry, blobs }: ImageFinder): BringBlob {
  return async (blob, signal, onProgress = () => {}) => {
    const { mediaType, digest } = blob;
    if (isIndexType(mediaType) || isManifestType(mediaType)) {
      await registry.resolve({ ...reference, digest }, undefined, blobs, signal);
    } else {
      await registry.fetchBlob(reference, blob, blobs, onProgress, signal);
    }
  };
}
