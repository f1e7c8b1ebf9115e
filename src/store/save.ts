import type { StreamDestination } from '../export/destination.ts';
import { exportDocker } from '../export/docker.ts';
import { exportOCI, type LayoutDestination } from '../export/oci.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { findRefs } from './find-image.ts';
import type { LocalStore } from './local-store.ts';

/** `docker` is an OCI layout too, with the list that `docker load` wants: it holds no image of several platforms. */
export type SaveTarget =
  | { readonly format: 'docker'; readonly destination: StreamDestination }
  | { readonly format: 'oci'; readonly destination: LayoutDestination };

/**
 * Writes images of the store into one archive. An image given by a digest or id takes all its names along.
 * @throws StrataError `no-such-image`, …; IntegrityError `blob-missing` for an image that was pulled for a
 * build which did not need all its layers; what `exportOCI` and `exportDocker` throw
 */
export async function saveImages(
  images: readonly string[],
  store: LocalStore,
  target: SaveTarget,
  signal: AbortSignal,
): Promise<void> {
  const roots = new Map<string, { manifest: Descriptor; names: Set<string> }>();
  for (const text of images) {
    for (const { name, target: manifest } of await findRefs(text, store)) {
      const root = roots.get(manifest.digest) ?? { manifest, names: new Set() };
      roots.set(manifest.digest, root);
      root.names.add(name);
    }
  }
  const found = [...roots.values()].map(({ manifest, names }) => ({ manifest, names: [...names] }));
  if (target.format === 'docker') await exportDocker(found, store.blobs, target.destination, signal);
  else await exportOCI(found, store.blobs, target.destination, signal);
}
