import type { BlobDigest, DiffID } from '../core/digest.ts';

/** image-spec, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: BlobDigest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: ManifestPlatform;
  readonly urls?: readonly string[];
  readonly artifactType?: string;
}

/** image-spec, image-index.md: the names as they stand in JSON. */
export interface ManifestPlatform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/** image-spec, manifest.md. Docker's schema 2 has the same shape. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** image-spec, image-index.md; Docker's manifest list has the same shape. */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A layer that is stored: its descriptor (compressed bytes) and its identity (uncompressed bytes). */
export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly diffID: DiffID;
}

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
} as const;
