import { createReadStream, statSync } from 'node:fs';
import type { BlobStore } from '../content/blob-store.ts';
import type { Digest } from '../core/digest.ts';
import { HostError, IntegrityError, UsageError } from '../core/errors.ts';
import { parseReference, printReference } from '../registry/reference.ts';
import { readVariants } from './image-summary.ts';
import { readImageArchive } from './load/archive-files.ts';
import { findDockerImages, namesOf, parseDockerList } from './load/docker-archive.ts';
import type { ImageFiles } from './load/image-files.ts';
import { openImageLayout } from './load/layout-files.ts';
import { type FoundImage, findLayoutImages } from './load/layout-images.ts';
import type { LocalStore } from './local-store.ts';

/** An archive on a stream, or a path to an archive or to the directory of an OCI layout. */
export type LoadSource = AsyncIterable<Uint8Array> | string;

export interface LoadedImage {
  readonly name: string;
  readonly digest: Digest;
}

const readBytes = 1 << 20;

/**
 * Takes images into the store: an OCI layout (a tar or a directory) or an archive of `docker save`. Nothing
 * gets a name before every blob is there and verified.
 *
 * @param tag the name of the image where the source has none, or another one; for a source of one image
 * @throws HostError `no-such-source`; IntegrityError `bad-archive`, `incomplete-image`, `digest-mismatch`;
 * UsageError `unnamed-image`, `many-images`; CanceledError
 */
export async function loadImages(
  source: LoadSource,
  tag: string | undefined,
  store: LocalStore,
  signal: AbortSignal,
): Promise<LoadedImage[]> {
  const files = await openSource(source, store.blobs, signal);
  const found = await findImages(files, store.blobs);
  const named = tag === undefined ? found : [renamed(found, printReference(parseReference(tag)))];
  const loaded: LoadedImage[] = [];
  for (const { target, names } of named) {
    if (names.length === 0) {
      throw new UsageError('unnamed-image', `the image ${target.digest} has no name there`, {
        hint: 'give it one: --tag NAME',
      });
    }
    for (const name of names) loaded.push({ name, digest: target.digest });
  }
  for (const { target, names } of named) for (const name of names) await store.refs.set(name, target);
  return loaded;
}

async function openSource(source: LoadSource, blobs: BlobStore, signal: AbortSignal): Promise<ImageFiles> {
  if (typeof source !== 'string') return readImageArchive(source, blobs, signal);
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new HostError('no-such-source', `there is no archive "${source}"`, { hint: 'check the path' });
  }
  if (stat.isDirectory()) return openImageLayout(source, blobs);
  return readImageArchive(createReadStream(source, { highWaterMark: readBytes }), blobs, signal);
}

async function findImages(files: ImageFiles, blobs: BlobStore): Promise<FoundImage[]> {
  const index = files.document('index.json');
  const list = files.document('manifest.json');
  const entries = list === undefined ? [] : parseDockerList(list);
  if (index === undefined) {
    if (list !== undefined) return findDockerImages(entries, files, blobs);
    throw new IntegrityError(
      'bad-archive',
      'it holds no image: neither index.json nor manifest.json is there',
      {
        hint: 'want an OCI image layout or an archive of `docker save`',
      },
    );
  }
  // Docker's own list knows names that the layout beside it may lack.
  const found: FoundImage[] = [];
  for (const image of await findLayoutImages(index, files, blobs)) {
    if (image.names.length > 0 || entries.length === 0) {
      found.push(image);
      continue;
    }
    const ids = (await readVariants(image.target, blobs)).map((variant) => variant.configDigest);
    const configs = await Promise.all(entries.map((entry) => files.blob(entry.Config)));
    const same = entries.filter((_, at) => ids.some((id) => id === configs[at]?.digest));
    found.push({ ...image, names: same.flatMap(namesOf) });
  }
  return found;
}

function renamed(found: readonly FoundImage[], name: string): FoundImage {
  const [image, ...others] = found;
  if (image === undefined || others.length > 0) {
    throw new UsageError('many-images', `--tag names one image, and there are ${found.length}`);
  }
  return { ...image, names: [name] };
}
