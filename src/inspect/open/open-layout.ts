import type { BlobInfo } from '../../content/blob-store.ts';
import { verifiedStream } from '../../content/verified-stream.ts';
import { IntegrityError } from '../../core/errors.ts';
import { readWhole } from '../../core/read-whole.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { documentLimit } from '../../oci/json.ts';
import { layoutBlobPath } from '../../oci/layout.ts';
import { parseIndex, parseManifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-type.ts';
import { parseImageConfig } from '../../oci/parse-image-config.ts';
import { chooseEntry, choosePlatform, layoutName, type Wanted } from './choose-manifest.ts';
import type { LayoutFiles } from './layout-files.ts';
import type { ImageBlobs, ImageKind, OpenedImage } from './opened-image.ts';

const deepestIndex = 4;

/**
 * Opens an image of an OCI layout (image-spec, image-layout.md).
 * @param index `index.json`
 * @throws StrataError `no-such-image`, `ambiguous-image`, `no-matching-platform`; IntegrityError when a document is
 *   missing or is not what its name says
 */
export async function openLayout(
  files: LayoutFiles,
  kind: ImageKind,
  index: Uint8Array,
  wanted: Wanted,
): Promise<OpenedImage> {
  const entries = locating(files.place, () => parseIndex(index)).manifests;
  const entry = chooseEntry(files.place, entries, wanted);
  const names = entries
    .filter(({ digest }) => digest === entry.digest)
    .flatMap((each) => layoutName(each) ?? []);
  const blobs = layoutBlobs(files);
  const image = await openManifest(files.place, entry, blobs, wanted);
  return { ...image, kind, reference: files.place, names: [...new Set(names)], blobs, close: files.close };
}

/** Walks from an entry, through an index if need be, to manifest and config. */
export async function openManifest(
  place: string,
  entry: Descriptor,
  blobs: ImageBlobs,
  wanted: Wanted,
): Promise<Pick<OpenedImage, 'manifestDescriptor' | 'manifest' | 'config'>> {
  let at = entry;
  for (let depth = 0; isIndexType(at.mediaType); depth++) {
    if (depth === deepestIndex) {
      throw new IntegrityError('bad-index', `${place}: indexes stand in indexes, ${deepestIndex} deep`);
    }
    const index = await readBlob(place, 'index', at, blobs);
    const { manifests } = locating(place, () => parseIndex(index));
    at = choosePlatform(place, await present(manifests, blobs), wanted);
  }
  const written = await readBlob(place, 'manifest', at, blobs);
  const manifest = locating(place, () => parseManifest(written));
  const parameters = await readBlob(place, 'config', manifest.config, blobs);
  const config = locating(place, () => parseImageConfig(parameters));
  return { manifestDescriptor: at, manifest, config };
}

/** Parses a document; what is wrong with it is told with the place where it lies. */
function locating<T>(place: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    throw new IntegrityError(error.code, `${place}: ${error.message}`, { hint: error.hint });
  }
}

/** Of an index, `docker save` writes the platforms the engine has; where none is there, all are kept to say so. */
async function present(manifests: readonly Descriptor[], blobs: ImageBlobs): Promise<readonly Descriptor[]> {
  const there: Descriptor[] = [];
  for (const manifest of manifests) if (await blobs.has(manifest.digest)) there.push(manifest);
  return there.length === 0 ? manifests : there;
}

/**
 * Reads a document, verified.
 * @throws IntegrityError naming the place and the document
 */
async function readBlob(
  place: string,
  what: string,
  { digest, size }: Descriptor,
  blobs: ImageBlobs,
): Promise<Uint8Array> {
  const tooLong = () =>
    new IntegrityError('blob-too-large', `${place}: the ${what} ${digest} claims ${size} bytes`);
  if (size > documentLimit) throw tooLong();
  try {
    const bytes = verifiedStream(blobs.open({ digest, size }), { digest, size });
    return await readWhole(bytes, documentLimit, tooLong);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    throw new IntegrityError(error.code, `${place}: the ${what} is damaged: ${error.message}`, {
      hint: error.hint ?? 'copy, pull or build the image again',
    });
  }
}

function layoutBlobs(files: LayoutFiles): ImageBlobs {
  return {
    has: async (digest) => (await files.size(layoutBlobPath(digest))) !== undefined,
    open: ({ digest }: BlobInfo) => files.open(layoutBlobPath(digest)),
  };
}
