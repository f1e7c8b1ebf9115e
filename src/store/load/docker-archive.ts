import { closeSync, openSync, readSync } from 'node:fs';
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { compressionOf, magicBytes } from '../../context/archive/decompress.ts';
import type { DiffID } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import { type Descriptor, type Manifest, mediaTypes } from '../../oci/descriptor.ts';
import { encodeJSON } from '../../oci/json.ts';
import { parseImageConfig } from '../../oci/parse-image-config.ts';
import { decodeShape, list, object, optional, text } from '../../oci/shape.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import type { ImageFiles } from './image-files.ts';
import type { FoundImage } from './layout-images.ts';

interface DockerEntry {
  readonly Config: string;
  readonly RepoTags?: readonly string[];
  readonly Layers: readonly string[];
}

const shape = list(object<DockerEntry>({ Config: text, RepoTags: optional(list(text)), Layers: list(text) }));

/** `manifest.json` of `docker save`. @throws IntegrityError `bad-archive` */
export function parseDockerList(bytes: Uint8Array): readonly DockerEntry[] {
  return decodeShape(shape, bytes, 'bad-archive', 'manifest.json');
}

/** Full names of an entry. @throws StrataError `bad-reference` */
export function namesOf({ RepoTags = [] }: DockerEntry): string[] {
  return RepoTags.map((tag) => printReference(parseReference(tag)));
}

/**
 * The images of an archive that has no OCI layout: each gets the manifest it lacks.
 * @throws IntegrityError `incomplete-image`, `bad-config`, `digest-mismatch`
 */
export async function findDockerImages(
  entries: readonly DockerEntry[],
  files: ImageFiles,
  blobs: BlobStore,
): Promise<FoundImage[]> {
  const found: FoundImage[] = [];
  for (const entry of entries) {
    const config = await need(entry.Config, files);
    const { diff_ids: diffIDs } = parseImageConfig(await blobs.read(config)).rootfs;
    if (diffIDs.length !== entry.Layers.length) {
      throw new IntegrityError(
        'bad-archive',
        `the archive lists ${entry.Layers.length} layers of an image that has ${diffIDs.length}`,
      );
    }
    const layers: Descriptor[] = [];
    for (const [index, name] of entry.Layers.entries()) {
      layers.push(describeLayer(name, await need(name, files), diffIDs[index], blobs));
    }
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, ...config },
      layers,
    };
    const blob = await blobs.put(encodeJSON(manifest));
    found.push({ target: { mediaType: mediaTypes.ociManifest, ...blob }, names: namesOf(entry) });
  }
  return found;
}

const layerTypes = { gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd } as const;

/** Docker says of a layer neither how it is compressed nor what its digest is. */
function describeLayer(
  name: string,
  blob: BlobInfo,
  diffID: DiffID | undefined,
  blobs: BlobStore,
): Descriptor {
  const head = Buffer.alloc(magicBytes);
  const fd = openSync(blobs.path(blob.digest), 'r');
  try {
    readSync(fd, head);
  } finally {
    closeSync(fd);
  }
  const compression = compressionOf(head);
  if (compression === 'gzip' || compression === 'zstd')
    return { mediaType: layerTypes[compression], ...blob };
  if (blob.digest !== diffID) {
    throw new IntegrityError(
      'digest-mismatch',
      `the layer ${name} is ${blob.digest}, the config says ${diffID}`,
    );
  }
  return { mediaType: mediaTypes.ociLayer, ...blob };
}

async function need(name: string, files: ImageFiles): Promise<BlobInfo> {
  const blob = await files.blob(name);
  if (blob !== undefined) return blob;
  throw new IntegrityError('incomplete-image', `the archive names "${name}" and does not hold it`, {
    hint: 'the archive was cut short: make it again',
  });
}
