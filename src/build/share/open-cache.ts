/** Opens what `--cache-from` names: only its manifest and document are read, which say where all else is. */
import { resolve } from 'node:path';
import { decodeSharedCache } from '../../cache/share/cache-document.ts';
import type { CacheImport, CachePlace } from '../../cache/share/cache-import.ts';
import { openImport } from '../../cache/share/open-import.ts';
import type { BlobReader, BlobStore } from '../../content/blob-store.ts';
import { copyBlob } from '../../content/copy-blob.ts';
import { RemoteError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Manifest } from '../../oci/descriptor.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-type.ts';
import { parseImageConfig } from '../../oci/parse-image-config.ts';
import { parseReference } from '../../registry/reference.ts';
import type { Registry } from '../../registry/registry.ts';
import type { CacheSpec } from '../options.ts';
import { isCacheManifest, readCacheManifest, readDocument } from './cache-artifact.ts';
import { openInDirectory } from './cache-directory.ts';
import { cacheName, isChosen, mountChoice } from './cache-spec.ts';
import { readInlineCache } from './inline-cache.ts';

export interface ImportServices {
  readonly registry: Registry;
  /** Where layers go. */
  readonly blobs: BlobStore;
  /** Where documents and packs go, which nobody needs after the build. */
  readonly scratch: BlobStore;
  /** Of the build: an image has a cache for each of its platforms. */
  readonly platforms: readonly Platform[];
  readonly signal: AbortSignal;
}

/**
 * One import, or several when an image has one for each platform.
 * @throws RemoteError, HostError, IntegrityError when there is nothing to import
 */
export function openCache(spec: CacheSpec, services: ImportServices): Promise<CacheImport[]> {
  return spec.type === 'local' ? openDirectory(spec, services) : openRepository(spec, services);
}

async function openDirectory(
  spec: CacheSpec,
  { blobs, scratch, signal }: ImportServices,
): Promise<CacheImport[]> {
  const { src = '', tag = 'latest', digest } = spec.attributes;
  const { blobs: layout, root, release } = await openInDirectory(resolve(src), tag, digest, signal);
  try {
    const place: CachePlace = {
      name: cacheName(spec),
      takesMount: (id) => isChosen(id, mountChoice(spec)),
      bring: (blob, to) => copyBlob(blob, layout, to),
      release,
    };
    const manifest = parseManifest(await layout.read(root));
    return [await openArtifact(place, manifest, layout, { blobs, scratch })];
  } catch (error) {
    release();
    throw error;
  }
}

async function openRepository(spec: CacheSpec, services: ImportServices): Promise<CacheImport[]> {
  const { registry, blobs, scratch, platforms, signal } = services;
  const reference = parseReference(spec.attributes.ref ?? '');
  const place: CachePlace = {
    name: cacheName(spec),
    takesMount: (id) => isChosen(id, mountChoice(spec)),
    repository: reference,
    bring: (blob, to, fetchSignal) => registry.fetchBlob(reference, blob, to, () => {}, fetchSignal),
    release: () => {},
  };
  const { named, bytes } = await registry.resolve(reference, undefined, scratch, signal);
  if (!isIndexType(named.mediaType)) {
    return [await openManifest(place, parseManifest(bytes), { ...services, blobs, scratch })];
  }
  const opened: CacheImport[] = [];
  for (const platform of platforms) {
    const found = await registry.resolve(reference, platform, scratch, signal);
    opened.push(await openManifest(place, parseManifest(found.bytes), services));
  }
  return opened;
}

/** The manifest of a cache, or of an image that has one in its config. */
async function openManifest(
  place: CachePlace,
  manifest: Manifest,
  { blobs, scratch, signal }: ImportServices,
): Promise<CacheImport> {
  if (isCacheManifest(manifest)) {
    await place.bring(readCacheManifest(manifest).document, scratch, signal);
    return openArtifact(place, manifest, scratch, { blobs, scratch });
  }
  await place.bring(manifest.config, scratch, signal);
  const bytes = await scratch.read(manifest.config);
  const cache = readInlineCache(bytes, parseImageConfig(bytes), manifest);
  if (cache !== undefined) return openImport(place, cache, new Map(), { blobs, scratch });
  throw new RemoteError('no-cache', `${place.name} is an image without a cache`, {
    hint: 'build it with --cache-to type=inline, or name what --cache-to type=registry wrote',
  });
}

async function openArtifact(
  place: CachePlace,
  manifest: Manifest,
  from: BlobReader,
  stores: Pick<ImportServices, 'blobs' | 'scratch'>,
): Promise<CacheImport> {
  const artifact = readCacheManifest(manifest);
  const cache = await decodeSharedCache(await readDocument(artifact, from));
  return openImport(place, cache, artifact.packs, stores);
}
