import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { IntegrityError, StrataError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { layoutBlobPath, nameAnnotations } from '../../oci/layout.ts';
import { parseIndex, parseManifest } from '../../oci/manifest.ts';
import { isIndexType, isManifestType } from '../../oci/media-type.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import type { ImageFiles } from './image-files.ts';

/** An image whose blobs are all in the store, and the full names it came with. */
export interface FoundImage {
  readonly target: Descriptor;
  readonly names: readonly string[];
}

/**
 * The images of an OCI layout (image-spec, image-layout.md). Of an index whose blobs are there for some
 * platforms only, as `docker save` writes it, the manifest that is there stands for it.
 *
 * @throws IntegrityError `incomplete-image`, `bad-index`, `bad-manifest`
 */
export async function findLayoutImages(
  index: Uint8Array,
  files: ImageFiles,
  blobs: BlobStore,
): Promise<FoundImage[]> {
  const found = new Map<string, { target: Descriptor; names: string[] }>();
  for (const entry of parseIndex(index).manifests) {
    if (!isIndexType(entry.mediaType) && !isManifestType(entry.mediaType)) continue;
    const target = await gather(entry, files, blobs);
    const image = found.get(target.digest) ?? { target, names: [] };
    image.names.push(...nameOf(entry));
    found.set(target.digest, image);
  }
  return [...found.values()];
}

/** A name from containerd's annotation or the specification's; a tag alone names nothing. */
function nameOf({ annotations = {} }: Descriptor): string[] {
  const text = annotations[nameAnnotations.full] ?? annotations[nameAnnotations.ref] ?? '';
  if (!/[:/]/.test(text)) return [];
  try {
    return [printReference(parseReference(text))];
  } catch (error) {
    if (error instanceof StrataError) return [];
    throw error;
  }
}

/** Brings everything a descriptor stands for into the store. */
async function gather(root: Descriptor, files: ImageFiles, blobs: BlobStore): Promise<Descriptor> {
  const { mediaType, digest, size } = root;
  const bare: Descriptor = {
    mediaType,
    digest,
    size,
    ...(root.platform === undefined ? {} : { platform: root.platform }),
  };
  await need(root, files);
  if (isIndexType(mediaType)) {
    const children = parseIndex(await blobs.read(root)).manifests;
    const present = [];
    for (const child of children) if ((await bring(child, files)) !== undefined) present.push(child);
    const gathered = [];
    for (const child of present) gathered.push(await gather(child, files, blobs));
    const [only] = gathered;
    if (gathered.length === children.length) return bare;
    if (only !== undefined && gathered.length === 1) return only;
    throw incomplete(root, `${children.length - gathered.length} of its ${children.length} platforms`);
  }
  const { config, layers } = parseManifest(await blobs.read(root));
  for (const part of [config, ...layers]) await need(part, files);
  return bare;
}

async function need(descriptor: Descriptor, files: ImageFiles): Promise<void> {
  const blob = await bring(descriptor, files);
  if (blob === undefined) throw incomplete(descriptor, 'that blob');
  if (blob.size !== descriptor.size) {
    throw new IntegrityError(
      'size-mismatch',
      `${descriptor.digest} should have ${descriptor.size} bytes and has ${blob.size}`,
    );
  }
}

async function bring({ digest }: Descriptor, files: ImageFiles): Promise<BlobInfo | undefined> {
  return files.blob(layoutBlobPath(digest));
}

function incomplete({ digest }: Descriptor, what: string): IntegrityError {
  return new IntegrityError('incomplete-image', `${digest} is named and ${what} is not there`, {
    hint: 'the archive was cut short or made without all of the image: make it again',
  });
}
