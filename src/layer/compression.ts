import { HostError } from '../core/errors.ts';
import { mediaTypes } from '../oci/descriptor.ts';

/** How a layer blob is stored. */
export interface Compression {
  readonly algorithm: 'gzip' | 'zstd' | 'uncompressed';
  /** gzip: 0-9, 6 when absent. zstd: 1-19, 3 when absent. */
  readonly level?: number;
}

/** image-spec, layer.md: the media type of a layer stored like this. */
export function layerMediaType({ algorithm }: Compression): string {
  switch (algorithm) {
    case 'gzip':
      return mediaTypes.ociLayerGzip;
    case 'zstd':
      return mediaTypes.ociLayerZstd;
    case 'uncompressed':
      return mediaTypes.ociLayer;
  }
}

/** For a layer that can be neither compressed nor unpacked here. */
export function zstdMissing(): HostError {
  return new HostError(
    'zstd-missing',
    `Node ${process.versions.node} has no zstd, and this machine no libzstd`,
    {
      hint: 'install it (Debian: apt-get install libzstd1), run strata with Node 22.15 or newer, or use gzip',
    },
  );
}
