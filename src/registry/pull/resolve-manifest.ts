import type { BlobStore } from '../../content/blob-store.ts';
import { type BlobDigest, isDigest } from '../../core/digest.ts';
import { digestBytes } from '../../core/digest-bytes.ts';
import { IntegrityError, RemoteError } from '../../core/errors.ts';
import type { Reference } from '../../core/image-reference.ts';
import type { Platform } from '../../core/platform.ts';
import { type Descriptor, mediaTypes } from '../../oci/descriptor.ts';
import { parseIndex, parseManifest } from '../../oci/manifest.ts';
import { matchPlatform, noMatchingPlatform } from '../../oci/match-platform.ts';
import { isIndexType, isManifestType, isSchema1Type, sniffMediaType } from '../../oci/media-type.ts';
import { printReference } from '../reference.ts';
import type { Repository } from '../repository.ts';
import { redactURL } from '../shown.ts';
import { readBody } from '../transport/answer.ts';

export interface ResolvedImage {
  /**
   * Of the manifest for the platform; has the platform the index says, where there is an index. What the name
   * stands for when no platform was asked for.
   */
  readonly manifest: Descriptor;
  /** The document itself, verified. */
  readonly bytes: Uint8Array;
  /** What the name stands for: the manifest, or the index it was chosen from. */
  readonly named: Descriptor;
}

const accept = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifestList,
  mediaTypes.dockerManifest,
].join(', ');
/** What registries take at most (distribution-spec, "Pushing Manifests"). */
const manifestLimit = 4 << 20;
const deepestIndex = 3;

/**
 * Finds the manifest of an image for a platform, or what its name stands for without one. Documents the store
 * has are not asked for again, so a tag that did not move costs one HEAD request, and a digest that is known
 * none; new ones are stored.
 * @throws RemoteError `registry-not-found`, `no-matching-platform`, `schema1-manifest`, …; IntegrityError
 */
export async function resolveManifest(
  repository: Repository,
  reference: Reference,
  platform: Platform | undefined,
  blobs: BlobStore,
): Promise<ResolvedImage> {
  const digest = reference.digest ?? (await headDigest(repository, reference.tag ?? 'latest'));
  let document = await getDocument(repository, digest ?? reference.tag ?? 'latest', blobs);
  const named = describe(document);
  if (platform === undefined) return { manifest: named, bytes: document.bytes, named };
  for (let depth = 0; isIndexType(document.mediaType); depth++) {
    const offered = parseIndex(document.bytes).manifests;
    const chosen = matchPlatform(offered, platform);
    if (chosen === undefined || depth === deepestIndex) throw noMatch(reference, platform, offered);
    document = { ...(await getDocument(repository, chosen.digest, blobs)), platform: chosen.platform };
  }
  parseManifest(document.bytes);
  return { manifest: describe(document), bytes: document.bytes, named };
}

/** Refusals of a HEAD request, which has no body to say why. */
const wordless = new Set([
  'registry-refused',
  'registry-not-found',
  'registry-unauthorized',
  'registry-denied',
]);

interface Document {
  readonly mediaType: string;
  readonly digest: BlobDigest;
  readonly bytes: Uint8Array;
  readonly platform?: Descriptor['platform'] | undefined;
}

function describe({ mediaType, digest, bytes, platform }: Document): Descriptor {
  return { mediaType, digest, size: bytes.length, ...(platform === undefined ? {} : { platform }) };
}

/**
 * What a tag stands for now. Registries that count pulls do not count this. Undefined when the answer
 * does not tell: then the GET that follows will, or it fails with the registry's own words.
 */
async function headDigest(repository: Repository, tag: string): Promise<BlobDigest | undefined> {
  const url = repository.url(`manifests/${tag}`);
  try {
    return await repository.retrying(async () => {
      const answer = await repository.send([200], { method: 'HEAD', url, headers: { accept } });
      await answer.discard();
      const digest = answer.header('docker-content-digest');
      return digest !== undefined && isDigest(digest) ? digest : undefined;
    });
  } catch (error) {
    if (error instanceof RemoteError && wordless.has(error.code)) return undefined;
    throw error;
  }
}

async function getDocument(repository: Repository, name: string, blobs: BlobStore): Promise<Document> {
  const stored = isDigest(name) ? await readStored(name, blobs) : undefined;
  const bytes = stored ?? (await download(repository, name));
  const digest = digestBytes(bytes);
  if (isDigest(name) && digest !== name) {
    throw new IntegrityError(
      'digest-mismatch',
      `${repository.endpoint.base.host} delivered another manifest than was asked for: want ${name}, got ${digest}`,
    );
  }
  const mediaType = readMediaType(repository, name, bytes);
  checkKind(repository, name, mediaType);
  if (stored === undefined) await blobs.put(bytes);
  return { mediaType, digest, bytes };
}

function download(repository: Repository, name: string): Promise<Uint8Array> {
  const url = repository.url(`manifests/${name}`);
  return repository.retrying(async () => {
    const answer = await repository.send([200], { method: 'GET', url, headers: { accept } });
    return readBody(answer, manifestLimit);
  });
}

async function readStored(digest: BlobDigest, blobs: BlobStore): Promise<Uint8Array | undefined> {
  const size = blobs.size(digest);
  if (size === undefined || size > manifestLimit) return undefined;
  try {
    return await blobs.read({ digest, size });
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}

function readMediaType(repository: Repository, name: string, bytes: Uint8Array): string {
  try {
    return sniffMediaType(bytes) ?? '';
  } catch (cause) {
    const where = redactURL(repository.url(`manifests/${name}`));
    throw new RemoteError('registry-protocol', `${where} is no image manifest: ${(cause as Error).message}`, {
      hint: 'see whether a registry answers there, and not the login page of a network or a proxy',
      cause,
    });
  }
}

function checkKind(repository: Repository, name: string, mediaType: string): void {
  if (isManifestType(mediaType) || isIndexType(mediaType)) return;
  const where = redactURL(repository.url(`manifests/${name}`));
  if (isSchema1Type(mediaType)) {
    throw new RemoteError('schema1-manifest', `${where} is an image in Docker's first format (schema 1)`, {
      hint: 'pull and push it with a current Docker or skopeo, which converts it; strata reads schema 2 and OCI',
    });
  }
  throw new RemoteError(
    'registry-protocol',
    `${where} is no image manifest: its media type is "${mediaType}"`,
  );
}

function noMatch(reference: Reference, platform: Platform, offered: readonly Descriptor[]): RemoteError {
  const { code, message, hint } = noMatchingPlatform(printReference(reference), platform, offered);
  return new RemoteError(code, message, { hint });
}
