import type { BlobInfo, BlobStore } from '../content/blob-store.ts';
import type { EmitEvent } from '../core/event.ts';
import type { Reference } from '../core/image-reference.ts';
import { Limiter } from '../core/limiter.ts';
import type { Platform } from '../core/platform.ts';
import { openSession } from './auth/session.ts';
import { defaultTiming, type RegistryClientOptions, type Timing } from './options.ts';
import { downloadBlob, type OnProgress } from './pull/download-blob.ts';
import { openMirrors } from './pull/mirrors.ts';
import { oneDownload } from './pull/one-download.ts';
import { type ResolvedImage, resolveManifest } from './pull/resolve-manifest.ts';
import { type PushImage, type PushOptions, type PushReceipt, pushImage } from './push/push-image.ts';
import { openRepository, type Repository } from './repository.ts';
import { type Endpoint, endpointsOf, originEndpoint } from './transport/endpoint.ts';
import type { RetryPolicy } from './transport/retry.ts';
import { openSchemes } from './transport/scheme.ts';
import { openTransport } from './transport/transport.ts';

/** The client of all registries. Its methods throw RemoteError, IntegrityError and CanceledError. */
export interface Registry {
  /**
   * Finds the manifest of an image for a platform, or what its name stands for without one; manifests and
   * indices end in `blobs`.
   */
  resolve(
    reference: Reference,
    platform: Platform | undefined,
    blobs: BlobStore,
    signal: AbortSignal,
  ): Promise<ResolvedImage>;
  /** Brings a blob of the repository into `blobs`, unless it is there; two calls for one blob share the download. */
  fetchBlob(
    reference: Reference,
    blob: BlobInfo,
    blobs: BlobStore,
    onProgress: OnProgress,
    signal: AbortSignal,
  ): Promise<void>;
  /** Pushes what lies in `blobs`. */
  push(
    reference: Reference,
    image: PushImage,
    blobs: BlobStore,
    options: PushOptions,
    signal: AbortSignal,
  ): Promise<PushReceipt>;
  /** Closes connections that are kept for further requests. */
  close(): Promise<void>;
}

/** Pieces of large blobs, of 8 MiB each, over all downloads. */
const piecesAtOnce = 8;
/** Shorter pauses are not worth a word. */
const notablePauseMs = 2_000;

/**
 * The client of all registries of one run: it shares connections, credentials that were accepted, and downloads.
 * @param emit is told what a person should know, such as a mirror that is left out
 */
export function openRegistry(options: RegistryClientOptions, emit: EmitEvent = () => undefined): Registry {
  const timing = { ...defaultTiming, ...options.timing };
  const transport = openTransport(options, timing);
  const session = openSession(transport, options.credentials);
  const settle = openSchemes(transport);
  const note = (text: string) => emit({ type: 'note', text, at: Date.now() });
  const pullFrom = openMirrors(note);
  const once = oneDownload();
  const pieces = new Limiter(piecesAtOnce);

  const repositoryAt = (
    endpoint: Endpoint,
    reference: Reference,
    signal: AbortSignal,
    push?: { readonly mountFrom: readonly string[] },
  ) =>
    openRepository({
      session,
      settle,
      endpoint,
      name: reference.repository,
      actions: push === undefined ? 'pull' : 'pull,push',
      mountFrom: push?.mountFrom ?? [],
      policy: endpoint.isMirror ? hasty(timing) : timing,
      onPause(error, pauseMs) {
        if (pauseMs >= notablePauseMs)
          note(`${error.message}; trying again in ${Math.round(pauseMs / 1000)} s`);
      },
      signal,
    });

  const pulling = <T>(
    reference: Reference,
    signal: AbortSignal,
    work: (repository: Repository) => Promise<T>,
  ): Promise<T> => {
    const endpoints = endpointsOf(reference.registry, options);
    return pullFrom(
      endpoints.map((endpoint) => repositoryAt(endpoint, reference, signal)),
      work,
    );
  };

  return {
    resolve: (reference, platform, blobs, signal) =>
      pulling(reference, signal, (repository) => resolveManifest(repository, reference, platform, blobs)),
    fetchBlob: (reference, blob, blobs, onProgress, signal) =>
      once(blob, blobs, () =>
        pulling(reference, signal, (repository) =>
          downloadBlob(repository, blob, {
            blobs,
            pieces,
            onProgress,
            onWait: () => note(`${blob.digest} is being downloaded by another process: waiting for it`),
            onDamage: () => note(`what has arrived of ${blob.digest} is damaged: downloading it again`),
          }),
        ),
      ),
    async push(reference, image, blobs, pushOptions, signal) {
      const mountFrom = [...new Set(pushOptions.mountFrom?.values())].sort();
      const endpoint = originEndpoint(reference.registry, options);
      // One upload that fails ends the others.
      const failed = new AbortController();
      const either = AbortSignal.any([signal, failed.signal]);
      const repository = repositoryAt(endpoint, reference, either, { mountFrom });
      try {
        return await pushImage(repository, reference, image, blobs, pushOptions);
      } finally {
        failed.abort();
      }
    },
    close: () => transport.close(),
  };
}

/** A mirror gets fewer chances, and nobody waits for it long: there is somebody else to ask. */
function hasty(timing: Timing): RetryPolicy {
  return {
    ...timing,
    attempts: Math.min(2, timing.attempts),
    longestPauseMs: Math.min(2_000, timing.longestPauseMs),
  };
}
