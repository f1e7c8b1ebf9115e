/** Where things are in an OCI image layout (image-spec, image-layout.md), be it a directory or an archive. */
import { type Digest, digestHex } from '../core/digest.ts';

/** The annotations by which an image is found in `index.json`: the specification's, mostly a tag; containerd's full name. */
export const nameAnnotations = {
  ref: 'org.opencontainers.image.ref.name',
  full: 'io.containerd.image.name',
} as const;

/** The file of a blob, relative to the layout. */
export function layoutBlobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}
