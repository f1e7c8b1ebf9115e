import type { BlobStore } from '../content/blob-store.ts';
import type { Digest } from '../core/digest.ts';
import type { EmitEvent } from '../core/event.ts';
import { Limiter } from '../core/limiter.ts';
import type { Platform } from '../core/platform.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseManifest } from '../oci/manifest.ts';
import { parseReference, printReference, type Reference } from '../registry/reference.ts';
import type { Registry } from '../registry/registry.ts';
import type { LocalStore } from './local-store.ts';
import { asStep, type StepReporter } from './step-reporter.ts';

/** What a command that talks to registries has. */
export interface RegistryWork {
  readonly registry: Registry;
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface PulledImage {
  /** In full. */
  readonly name: string;
  /** Of the manifest for the platform. */
  readonly digest: Digest;
}

const downloadsAtOnce = 4;

/**
 * Brings an image of a registry into the store, all of it, and names it there as it is named in the registry.
 * Blobs the store has are not fetched again.
 * @throws StrataError `bad-reference`; RemoteError; IntegrityError; CanceledError
 */
export async function pullImage(
  text: string,
  platform: Platform,
  store: LocalStore,
  work: RegistryWork,
): Promise<PulledImage> {
  const { registry, signal } = work;
  const reference = parseReference(text);
  const name = printReference(reference);
  return asStep(`pulling ${name}`, work, async (report) => {
    const { manifest, bytes } = await registry.resolve(reference, platform, store.blobs, signal);
    const { config, layers } = parseManifest(bytes);
    const limiter = new Limiter(downloadsAtOnce);
    const parts = new Map([config, ...layers].map((part) => [part.digest, part]));
    // One download that fails ends the others, and none outlives this function.
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const downloads = [...parts.values()].map((part) =>
      limiter.run(() => pullBlob(reference, part, store.blobs, registry, report, either)),
    );
    try {
      await Promise.all(downloads);
    } finally {
      failed.abort();
      await Promise.allSettled(downloads);
    }
    await store.refs.set(name, manifest);
    return { name, digest: manifest.digest };
  });
}

async function pullBlob(
  reference: Reference,
  part: Descriptor,
  blobs: BlobStore,
  registry: Registry,
  report: StepReporter,
  signal: AbortSignal,
): Promise<void> {
  if (blobs.size(part.digest) === part.size) return;
  await registry.fetchBlob(reference, part, blobs, (bytes) => report(part, bytes), signal);
  report(part, part.size, true);
}
