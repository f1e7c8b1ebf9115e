import type { BlobStore } from '../content/blob-store.ts';
import {
  type Descriptor,
  type Manifest,
  type ManifestPlatform,
  mediaTypes,
  type StoredLayer,
} from '../oci/descriptor.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import { encodeJSON } from '../oci/json.ts';
import { toDockerType, toOCIType } from '../oci/media-type.ts';

export interface AssembledImage {
  /** With the platform, as an index wants it. */
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}

/** What is said in a document about an image, besides what it is. */
export interface DocumentForm {
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whose names the media types have; OCI's when absent. */
  readonly mediaTypes?: 'oci' | 'docker';
}

/**
 * Stores the config and the manifest of an image (image-spec, manifest.md and config.md). The config's
 * rootfs is that of the layers. Layers of a base that came in other media types get those of the manifest:
 * same bytes.
 */
export async function assembleImage(
  config: ImageConfig,
  layers: readonly StoredLayer[],
  blobs: BlobStore,
  { annotations = {}, mediaTypes: names = 'oci' }: DocumentForm = {},
): Promise<AssembledImage> {
  const typeOf = (mediaType: string) => (names === 'oci' ? toOCIType(mediaType) : toDockerType(mediaType));
  const rootfs = { type: 'layers', diff_ids: layers.map((layer) => layer.diffID) } as const;
  const configBlob = await blobs.put(encodeJSON({ ...config, rootfs }));
  const configDescriptor: Descriptor = { mediaType: typeOf(mediaTypes.ociConfig), ...configBlob };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: typeOf(mediaTypes.ociManifest),
    config: configDescriptor,
    layers: layers.map(({ descriptor: { mediaType, digest, size } }) => ({
      mediaType: typeOf(mediaType),
      digest,
      size,
    })),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  const manifestBlob = await blobs.put(encodeJSON(manifest));
  return {
    manifest: { mediaType: typeOf(mediaTypes.ociManifest), ...manifestBlob, platform: platformOf(config) },
    config: configDescriptor,
    layers: manifest.layers,
  };
}

/** Stores the index under which the same image stands for several platforms (image-spec, image-index.md). */
export async function assembleIndex(
  manifests: readonly Descriptor[],
  blobs: BlobStore,
  { annotations = {}, mediaTypes: names = 'oci' }: DocumentForm = {},
): Promise<Descriptor> {
  const mediaType = names === 'oci' ? mediaTypes.ociIndex : mediaTypes.dockerManifestList;
  const index = {
    schemaVersion: 2,
    mediaType,
    manifests,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  return { mediaType, ...(await blobs.put(encodeJSON(index))) };
}

function platformOf(config: ImageConfig): ManifestPlatform {
  const { architecture, os, variant, 'os.version': version, 'os.features': features } = config;
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
    ...(features === undefined ? {} : { 'os.features': features }),
  };
}
