import type { Descriptor, ImageIndex, Manifest, ManifestPlatform } from './descriptor.ts';
import {
  asObject,
  decodeShape,
  digest,
  list,
  map,
  misfit,
  object,
  optional,
  type Shape,
  size,
  text,
} from './shape.ts';

const schemaVersion: Shape<2> = (value, path) => (value === 2 ? value : misfit(path, '2', value));

const platform = object<ManifestPlatform>({
  architecture: text,
  os: text,
  variant: optional(text),
  'os.version': optional(text),
  'os.features': optional(list(text)),
});

const descriptor = object<Descriptor>({
  mediaType: text,
  digest,
  size,
  annotations: optional(map(text)),
  platform: optional(platform),
  urls: optional(list(text)),
  artifactType: optional(text),
});

const manifest = unambiguous(
  object<Manifest>({
    schemaVersion,
    mediaType: optional(text),
    artifactType: optional(text),
    config: descriptor,
    layers: list(descriptor),
    annotations: optional(map(text)),
  }),
  ['manifests', 'fsLayers'],
);

const index = unambiguous(
  object<ImageIndex>({
    schemaVersion,
    mediaType: optional(text),
    manifests: list(descriptor),
    annotations: optional(map(text)),
  }),
  ['layers', 'config', 'fsLayers'],
);

/**
 * Reads an image manifest, OCI's (image-spec, manifest.md) or Docker's.
 * @throws IntegrityError `bad-manifest`
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  return decodeShape(manifest, bytes, 'bad-manifest', 'image manifest');
}

/**
 * Reads an image index (image-spec, image-index.md) or Docker's manifest list.
 * @throws IntegrityError `bad-index`
 */
export function parseIndex(bytes: Uint8Array): ImageIndex {
  return decodeShape(index, bytes, 'bad-index', 'image index');
}

/**
 * A document that can be read as a manifest and as an index means different things to different
 * readers; the image specification wants it refused.
 */
function unambiguous<T extends object>(shape: Shape<T>, foreign: readonly string[]): Shape<T> {
  return (value, path) => {
    const members = asObject(value, path);
    for (const name of foreign) if (members[name] != null) misfit(name, 'nothing', members[name]);
    return shape(value, path);
  };
}
