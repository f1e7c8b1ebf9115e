/**
 * An image that can be looked at, wherever it lies. Manifest and config were verified when it was opened;
 * layers are verified by whoever reads them.
 */
import type { Digest } from '../../core/digest.ts';
import type { BlobSource } from '../../layer/validate/measured.ts';
import type { Descriptor, Manifest } from '../../oci/descriptor.ts';
import type { ImageConfig } from '../../oci/image-config.ts';

export type ImageKind = 'store' | 'oci-archive' | 'oci-directory' | 'docker-archive' | 'registry';

/** The bytes as they lie there, unverified. */
export interface ImageBlobs extends BlobSource {
  has(digest: Digest): Promise<boolean>;
}

export interface OpenedImage {
  readonly kind: ImageKind;
  /** What to call it: the full name, or the path as it was given. */
  readonly reference: string;
  /** Names it has there, in full where the source says them in full. */
  readonly names: readonly string[];
  /** Undefined for archives that `docker save` wrote before it knew OCI layouts: they have no manifest. */
  readonly manifestDescriptor: Descriptor | undefined;
  /** Made up from what the archive has where there is none. */
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly blobs: ImageBlobs;
  close(): Promise<void>;
}
