import type { BlobStore } from '../content/blob-store.ts';
import { layoutBlobPath } from '../oci/layout.ts';
import { type ArchiveMember, packArchive } from './archive.ts';
import { type StreamDestination, writeStream } from './destination.ts';
import { type ExportImage, reachableBlobs } from './image.ts';
import { exportLayoutDirectory } from './layout-directory.ts';
import { encodeLayoutIndex, layoutEntries, layoutFile } from './layout-index.ts';

/** Where an OCI layout goes: one file, or a directory. */
export type LayoutDestination = StreamDestination | { readonly kind: 'directory'; readonly path: string };

/**
 * Writes images as an OCI image layout (image-spec, image-layout.md), as a tar or a directory. The same
 * images always give the same bytes.
 *
 * @throws IntegrityError when a blob of the store is damaged; HostError `output-unusable`, `disk-full`
 */
export async function exportOCI(
  images: readonly ExportImage[],
  blobs: BlobStore,
  destination: LayoutDestination,
  signal: AbortSignal,
): Promise<void> {
  if (destination.kind === 'directory') {
    await exportLayoutDirectory(images, blobs, destination.path, signal);
    return;
  }
  await writeStream(destination, packArchive(await layoutMembers(images, blobs), blobs), signal);
}

/** The small files first: whoever reads a stream knows what it holds before the blobs come. */
export async function layoutMembers(
  images: readonly ExportImage[],
  blobs: BlobStore,
  extra: readonly ArchiveMember[] = [],
): Promise<ArchiveMember[]> {
  const roots = images.map((image) => image.manifest);
  return [
    { kind: 'bytes', name: 'oci-layout', bytes: layoutFile },
    { kind: 'bytes', name: 'index.json', bytes: encodeLayoutIndex(layoutEntries(images)) },
    ...extra,
    { kind: 'directory', name: 'blobs/' },
    { kind: 'directory', name: 'blobs/sha256/' },
    ...(await reachableBlobs(roots, blobs)).map(
      (blob): ArchiveMember => ({ kind: 'blob', name: layoutBlobPath(blob.digest), blob }),
    ),
  ];
}
