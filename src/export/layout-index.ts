import { type Descriptor, type ImageIndex, mediaTypes } from '../oci/descriptor.ts';
import { encodeJSON } from '../oci/json.ts';
import { nameAnnotations } from '../oci/layout.ts';
import { parseReference } from '../registry/reference.ts';
import type { ExportImage } from './image.ts';

/** `oci-layout` (image-spec, image-layout.md). */
export const layoutFile: Uint8Array = encodeJSON({ imageLayoutVersion: '1.0.0' });

/** What `index.json` of a layout says of the images: one entry per name, a single one without a name. */
export function layoutEntries(images: readonly ExportImage[]): Descriptor[] {
  return images.flatMap(({ manifest, names }) => {
    if (names.length === 0) return [manifest];
    return names.map((name) => ({
      ...manifest,
      annotations: {
        ...manifest.annotations,
        [nameAnnotations.full]: name,
        [nameAnnotations.ref]: parseReference(name).tag ?? 'latest',
      },
    }));
  });
}

/** `index.json` itself. */
export function encodeLayoutIndex(manifests: readonly Descriptor[]): Uint8Array {
  const index: ImageIndex = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  return encodeJSON(index);
}
