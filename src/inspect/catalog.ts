import { join } from 'node:path';
import { verifiedStream } from '../content/verified-stream.ts';
import type { DiffID, Digest } from '../core/digest.ts';
import { IntegrityError, systemCode } from '../core/errors.ts';
import { readWhole } from '../core/read-whole.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { HistoryEntry } from '../oci/image-config.ts';
import { documentLimit } from '../oci/json.ts';
import { layoutBlobPath } from '../oci/layout.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-type.ts';
import { parseImageConfig } from '../oci/parse-image-config.ts';
import { layoutName } from './open/choose-manifest.ts';
import { type LayoutFiles, openDirectoryFiles, readDocument } from './open/layout-files.ts';

/** One image of the store for one platform, from its documents. */
export interface CatalogImage {
  /** In full; several may stand for one image. */
  readonly names: readonly string[];
  /** What the names stand for: the manifest, or the index it is in. */
  readonly target: Digest;
  readonly manifest: Digest;
  readonly config: Digest;
  readonly layers: readonly Descriptor[];
  readonly diffIDs: readonly DiffID[];
  readonly history: readonly HistoryEntry[];
}

/** The directory of the store that is an OCI layout; undefined when there is no store. */
export async function openStoreFiles(root: string): Promise<LayoutFiles | undefined> {
  try {
    return await openDirectoryFiles(join(root, 'images'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The names of the store with what they stand for. @throws IntegrityError `bad-index` */
export async function readStoreEntries(files: LayoutFiles): Promise<readonly Descriptor[]> {
  const index = await readDocument(files, 'index.json');
  return index === undefined ? [] : parseIndex(index).manifests;
}

/**
 * All images of the store, in the order of its names. Those with a missing or damaged document are left out:
 * whoever asks for one of them is told when it is opened.
 */
export async function readCatalog(root: string): Promise<CatalogImage[]> {
  const files = await openStoreFiles(root);
  if (files === undefined) return [];
  const namesOf = new Map<Digest, { readonly entry: Descriptor; readonly names: Set<string> }>();
  for (const entry of await readStoreEntries(files)) {
    const known = namesOf.get(entry.digest) ?? { entry, names: new Set() };
    namesOf.set(entry.digest, known);
    const name = layoutName(entry);
    if (name !== undefined) known.names.add(name);
  }
  const images: CatalogImage[] = [];
  for (const { entry, names } of namesOf.values()) {
    for (const image of await readImages(files, entry))
      images.push({ ...image, names: [...names], target: entry.digest });
  }
  return images;
}

type Documents = Omit<CatalogImage, 'names' | 'target'>;

async function readImages(files: LayoutFiles, at: Descriptor): Promise<Documents[]> {
  try {
    if (isIndexType(at.mediaType)) {
      const images: Documents[] = [];
      for (const each of parseIndex(await readVerified(files, at)).manifests)
        images.push(...(await readImages(files, each)));
      return images;
    }
    const { config, layers } = parseManifest(await readVerified(files, at));
    const { rootfs, history = [] } = parseImageConfig(await readVerified(files, config));
    return [{ manifest: at.digest, config: config.digest, layers, diffIDs: rootfs.diff_ids, history }];
  } catch (error) {
    if (error instanceof IntegrityError) return [];
    throw error;
  }
}

function readVerified(files: LayoutFiles, { digest, size }: Descriptor): Promise<Uint8Array> {
  const bytes = files.open(layoutBlobPath(digest));
  const tooLong = () => new IntegrityError('blob-too-large', `${digest} is too long for a document`);
  return readWhole(verifiedStream(bytes, { digest, size }), documentLimit, tooLong);
}
