import { createHash } from 'node:crypto';
import type { BlobInfo } from '../../content/blob-store.ts';
import { type BlobDigest, type DiffID, type Digest, digestFromHex } from '../../core/digest.ts';
import { digestBytes } from '../../core/digest-bytes.ts';
import { IntegrityError, StrataError } from '../../core/errors.ts';
import { type Descriptor, type Manifest, mediaTypes } from '../../oci/descriptor.ts';
import { parseImageConfig } from '../../oci/parse-image-config.ts';
import { decodeShape, list, object, optional, text } from '../../oci/shape.ts';
import type { Wanted } from './choose-manifest.ts';
import { type LayoutFiles, readDocument } from './layout-files.ts';
import type { OpenedImage } from './opened-image.ts';

interface DockerEntry {
  readonly Config: string;
  readonly RepoTags?: readonly string[];
  readonly Layers: readonly string[];
}

const shape = list(object<DockerEntry>({ Config: text, RepoTags: optional(list(text)), Layers: list(text) }));

/**
 * Opens an image of an archive as `docker save` wrote it before it knew OCI layouts, and as other tools still do.
 * Layers are named by path there: their digests are those of the bytes found.
 * @param documents `manifest.json`
 * @throws IntegrityError `bad-archive`, `blob-missing`, `bad-config`; StrataError `no-such-image`, `ambiguous-image`
 */
export async function openDockerArchive(
  files: LayoutFiles,
  documents: Uint8Array,
  wanted: Wanted,
): Promise<OpenedImage> {
  const { place } = files;
  const entry = choose(
    place,
    decodeShape(shape, documents, 'bad-archive', `${place}: manifest.json`),
    wanted,
  );
  const configBytes = await readDocument(files, entry.Config);
  if (configBytes === undefined) {
    throw new IntegrityError(
      'blob-missing',
      `${place} names the config "${entry.Config}" and does not hold it`,
    );
  }
  const config = parseImageConfig(configBytes);
  const paths = new Map<Digest, string>();
  const layers: Descriptor[] = [];
  for (const [index, path] of entry.Layers.entries()) {
    const layer = await describeLayer(files, path, config.rootfs.diff_ids[index]);
    paths.set(layer.digest, path);
    layers.push(layer);
  }
  const configDescriptor: Descriptor = {
    mediaType: mediaTypes.dockerConfig,
    digest: digestBytes(configBytes),
    size: configBytes.length,
  };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: configDescriptor,
    layers,
  };
  return {
    kind: 'docker-archive',
    reference: place,
    names: entry.RepoTags ?? [],
    manifestDescriptor: undefined,
    manifest,
    config,
    blobs: {
      has: async (digest) => paths.has(digest),
      open: ({ digest }: BlobInfo) => files.open(paths.get(digest) ?? digest),
    },
    close: files.close,
  };
}

function choose(place: string, entries: readonly DockerEntry[], { tag, digest }: Wanted): DockerEntry {
  const meant = entries.filter(({ Config, RepoTags = [] }) => {
    if (digest !== undefined) return Config.includes(digest.slice('sha256:'.length));
    return tag === undefined || RepoTags.some((name) => name === tag || name.endsWith(`:${tag}`));
  });
  const [first] = meant;
  const known = entries.flatMap(({ Config, RepoTags = [] }) => RepoTags[0] ?? Config);
  const hint = known.length === 0 ? 'it holds no images at all' : `it has ${known.join(', ')}`;
  if (first === undefined) {
    throw new StrataError('no-such-image', `${place} does not hold the image that is meant`, { hint });
  }
  if (meant.length > 1) {
    throw new StrataError('ambiguous-image', `${place} holds more than one image`, {
      hint: `name one: ${place}:TAG; ${hint}`,
    });
  }
  return first;
}

/** Tar as it is has the digest that the config says, which is checked when it is read; other bytes must be hashed. */
async function describeLayer(
  files: LayoutFiles,
  path: string,
  diffID: DiffID | undefined,
): Promise<Descriptor> {
  const size = await files.size(path);
  if (size === undefined) {
    throw new IntegrityError(
      'blob-missing',
      `${files.place} names the layer "${path}" and does not hold it`,
      {
        hint: 'it was cut short: make it again',
      },
    );
  }
  const magic = await firstBytes(files, path);
  if (magic === undefined && diffID !== undefined) {
    return { mediaType: mediaTypes.dockerLayer, digest: diffID as Digest as BlobDigest, size };
  }
  const hash = createHash('sha256');
  for await (const chunk of files.open(path)) hash.update(chunk);
  const digest = digestFromHex<BlobDigest>(hash.digest('hex'));
  return { mediaType: magic ?? mediaTypes.dockerLayer, digest, size };
}

/** The media type of compressed bytes, undefined for others. */
async function firstBytes(files: LayoutFiles, path: string): Promise<string | undefined> {
  for await (const chunk of files.open(path)) {
    const magic = Buffer.from(chunk.subarray(0, 4)).toString('hex');
    if (magic.startsWith('1f8b')) return mediaTypes.dockerLayerGzip;
    return magic === '28b52ffd' ? mediaTypes.ociLayerZstd : undefined;
  }
  return undefined;
}
