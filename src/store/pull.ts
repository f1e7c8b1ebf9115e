import type { Digest } from '../core/digest.ts';
import type { Reference } from '../core/image-reference.ts';
import { Limiter } from '../core/limiter.ts';
import { type Platform, printPlatform } from '../core/platform.ts';
import { asStep, type StepReporter, type StepWorld } from '../export/as-step.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { matchPlatform } from '../oci/match-platform.ts';
import { isIndexType } from '../oci/media-type.ts';
import { parseReference, printReference } from '../registry/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { readVariants } from './image-summary.ts';
import type { LocalStore } from './local-store.ts';

/** What a command that talks to registries has. */
export interface RegistryWork extends StepWorld {
  readonly registry: Registry;
}

/** The members are what `strata pull --format json` prints. */
export interface PulledImage {
  /** In full. */
  readonly name: string;
  /** Of the manifest for the platform, or of the index over all of them. */
  readonly digest: Digest;
}

const downloadsAtOnce = 4;

/**
 * Brings an image of a registry into the store, all of it, and names it there as it is named in the registry.
 * Blobs the store has are not fetched again.
 *
 * @param platform undefined for all that the image has: then the name keeps the digest of the index
 * @throws StrataError `bad-reference`; RemoteError; IntegrityError; CanceledError
 */
export async function pullImage(
  text: string,
  platform: Platform | undefined,
  store: LocalStore,
  work: RegistryWork,
): Promise<PulledImage> {
  const reference = parseReference(text);
  const name = printReference(reference);
  const label = `pulling ${name}`;
  return asStep({ id: label, label }, work, async (report) => {
    const { registry, signal } = work;
    const resolved = await registry.resolve(reference, platform, store.blobs, signal);
    const parts = await partsOf(resolved.manifest, resolved.bytes, reference, store, work);
    await pullParts(parts, reference, store, work, report);
    await store.refs.set(name, resolved.manifest);
    if (platform !== undefined) await sayOtherPlatform(resolved.manifest, platform, store, report);
    return { name, digest: resolved.manifest.digest };
  });
}

/** An image that is no index is taken for what it is, whatever was wanted. */
async function sayOtherPlatform(
  manifest: Descriptor,
  wanted: Platform,
  { blobs }: LocalStore,
  { said }: StepReporter,
): Promise<void> {
  const variants = await readVariants(manifest, blobs);
  const described = variants.map(({ manifest: each, platform: { os, architecture, variant } }) => ({
    ...each,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
  }));
  if (matchPlatform(described, wanted) !== undefined) return;
  const offered = variants.map(({ platform }) => printPlatform(platform)).join(', ');
  said(`the image is for ${offered} alone, and not for ${printPlatform(wanted)}`);
}

/** The configs and layers below a document; the documents between are in the store then. */
async function partsOf(
  { mediaType }: Descriptor,
  bytes: Uint8Array,
  reference: Reference,
  store: LocalStore,
  work: RegistryWork,
): Promise<Descriptor[]> {
  if (!isIndexType(mediaType)) {
    const { config, layers } = parseManifest(bytes);
    return [config, ...layers];
  }
  const parts: Descriptor[] = [];
  for (const { digest } of parseIndex(bytes).manifests) {
    const below = await work.registry.resolve({ ...reference, digest }, undefined, store.blobs, work.signal);
    parts.push(...(await partsOf(below.manifest, below.bytes, reference, store, work)));
  }
  return parts;
}

async function pullParts(
  parts: readonly Descriptor[],
  reference: Reference,
  { blobs }: LocalStore,
  { registry, signal }: RegistryWork,
  report: StepReporter,
): Promise<void> {
  const distinct = [...new Map(parts.map((part) => [part.digest, part])).values()];
  const missing = distinct.filter((part) => !blobs.holds(part));
  if (missing.length < distinct.length) {
    report.said(`${distinct.length - missing.length} of ${distinct.length} blobs are here already`);
  }
  const limiter = new Limiter(downloadsAtOnce);
  // One download that fails ends the others, and none outlives this function.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const downloads = missing.map((part) =>
    limiter.run(async () => {
      await registry.fetchBlob(reference, part, blobs, (bytes) => report.moved(part, bytes), either);
      report.moved(part, part.size, true);
    }),
  );
  try {
    await Promise.all(downloads);
  } finally {
    failed.abort();
    await Promise.allSettled(downloads);
  }
}
