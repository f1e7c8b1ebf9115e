import type { BlobStore } from '../content/blob-store.ts';
import { UsageError } from '../core/errors.ts';
import { encodeJSON } from '../oci/json.ts';
import { layoutBlobPath } from '../oci/layout.ts';
import { familiarName, parseReference } from '../registry/reference.ts';
import { packArchive } from './archive.ts';
import { writeStream } from './destination.ts';
import { type ExportImage, readManifests } from './image.ts';
import { exportLayoutDirectory } from './layout-directory.ts';
import { type LayoutDestination, layoutMembers } from './oci.ts';

/**
 * Writes images as `docker load` reads them: an OCI layout that also holds `manifest.json`, the list by which
 * older engines find config, layers and names. A directory holds the same files.
 *
 * @throws UsageError `docker-many-platforms`; what `exportOCI` throws
 */
export async function exportDocker(
  images: readonly ExportImage[],
  blobs: BlobStore,
  destination: LayoutDestination,
  signal: AbortSignal,
): Promise<void> {
  const list = [];
  for (const image of images) list.push(await archiveEntry(image, blobs));
  const bytes = encodeJSON(list);
  if (destination.kind === 'directory') {
    await exportLayoutDirectory(images, blobs, destination.path, signal, { 'manifest.json': bytes });
    return;
  }
  const members = await layoutMembers(images, blobs, [{ kind: 'bytes', name: 'manifest.json', bytes }]);
  await writeStream(destination, packArchive(members, blobs), signal);
}

async function archiveEntry(image: ExportImage, blobs: BlobStore): Promise<object> {
  const manifests = await readManifests(image.manifest, blobs);
  const [only] = manifests;
  if (only === undefined || manifests.length > 1) throw manyPlatforms(manifests.length);
  const { config, layers } = only.manifest;
  return {
    Config: layoutBlobPath(config.digest),
    RepoTags: image.names.length === 0 ? null : image.names.map((name) => familiarName(parseReference(name))),
    Layers: layers.map(({ digest }) => layoutBlobPath(digest)),
  };
}

/** UsageError: `docker load` reads one image for a name, and knows no index in its own format. */
export function manyPlatforms(count: number): UsageError {
  return new UsageError(
    'docker-many-platforms',
    `a docker archive holds an image of one platform, this one has ${count}`,
    {
      hint: 'build for one --platform, or write it as type oci: `--output type=oci`, `strata save --type oci`',
    },
  );
}
