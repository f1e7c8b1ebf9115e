import { IntegrityError } from '../core/errors.ts';
import { mediaTypes } from './descriptor.ts';
import { decodeJSON } from './json.ts';

export type Compression = 'gzip' | 'zstd' | 'uncompressed';

const dockerSchema1 = [
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
];

const compressions: Readonly<Record<string, Compression>> = {
  [mediaTypes.ociLayer]: 'uncompressed',
  [mediaTypes.ociLayerGzip]: 'gzip',
  [mediaTypes.ociLayerZstd]: 'zstd',
  [mediaTypes.dockerLayer]: 'uncompressed',
  [mediaTypes.dockerLayerGzip]: 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
  // Layers that licences forbid to pass on: same bytes, other names (image-spec, layer.md).
  'application/vnd.oci.image.layer.nondistributable.v1.tar': 'uncompressed',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar': 'uncompressed',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip': 'gzip',
};

/** How the bytes of a layer blob are compressed; undefined when it is no layer of an image. */
export function findLayerCompression(mediaType: string): Compression | undefined {
  return Object.hasOwn(compressions, mediaType) ? compressions[mediaType] : undefined;
}

/**
 * How the bytes of a layer blob are compressed.
 * @throws IntegrityError `unknown-layer-type` when the media type is none of a layer
 */
export function layerCompression(mediaType: string): Compression {
  const compression = findLayerCompression(mediaType);
  if (compression === undefined) {
    throw new IntegrityError('unknown-layer-type', `"${mediaType}" is not the media type of an image layer`, {
      hint: 'the reference may name an artifact (a chart, a signature) instead of an image',
    });
  }
  return compression;
}

/** OCI's index or Docker's manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
}

/** An image's manifest, OCI's or Docker's second format. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** An image's config, OCI's or Docker's. */
export function isConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** Docker's first manifest format, which describes layers in a way that cannot be verified. */
export function isSchema1Type(mediaType: string): boolean {
  return dockerSchema1.includes(mediaType);
}

const twins: readonly (readonly [oci: string, docker: string])[] = [
  [mediaTypes.ociIndex, mediaTypes.dockerManifestList],
  [mediaTypes.ociManifest, mediaTypes.dockerManifest],
  [mediaTypes.ociConfig, mediaTypes.dockerConfig],
  [mediaTypes.ociLayer, mediaTypes.dockerLayer],
  [mediaTypes.ociLayerGzip, mediaTypes.dockerLayerGzip],
  [mediaTypes.ociLayerZstd, 'application/vnd.docker.image.rootfs.diff.tar.zstd'],
];

/** OCI's name for the same bytes; a media type that has none stays as it is. */
export function toOCIType(mediaType: string): string {
  return twins.find(([, docker]) => docker === mediaType)?.[0] ?? mediaType;
}

/** Docker's name for the same bytes; a media type that has none stays as it is. */
export function toDockerType(mediaType: string): string {
  return twins.find(([oci]) => oci === mediaType)?.[1] ?? mediaType;
}

/**
 * What a manifest or index is by its own words: its `mediaType`, else by the members only one kind has.
 * Undefined when it could be anything.
 * @throws IntegrityError `bad-manifest` when it is not JSON
 */
export function sniffMediaType(bytes: Uint8Array): string | undefined {
  const value = decodeJSON(bytes, 'bad-manifest', 'manifest');
  if (typeof value !== 'object' || value === null) return undefined;
  if ('schemaVersion' in value && value.schemaVersion === 1) return dockerSchema1[0];
  if ('mediaType' in value && typeof value.mediaType === 'string' && value.mediaType !== '')
    return value.mediaType;
  if ('manifests' in value) return mediaTypes.ociIndex;
  if ('config' in value && 'layers' in value) return mediaTypes.ociManifest;
  return undefined;
}
