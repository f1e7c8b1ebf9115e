import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobInfo, BlobStore } from '../content/blob-store.ts';
import { blobDirectory, blobPath } from '../content/layout.ts';
import { digestFromHex } from '../core/digest.ts';
import { HostError, systemCode } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { nameAnnotations } from '../oci/layout.ts';
import { parseIndex } from '../oci/manifest.ts';
import { openAsideFile } from './aside-file.ts';
import { outputError, writeStream } from './destination.ts';
import { type ExportImage, reachableBlobs } from './image.ts';
import { encodeLayoutIndex, layoutEntries, layoutFile } from './layout-index.ts';
import { piecesOfBlob } from './pieces.ts';

const readAheadBytes = 1024 * 1024;

/**
 * Writes images into an OCI layout directory, which may hold others already: those keep their entries,
 * one with the same name is replaced. `index.json` comes last and by one rename, so that a reader finds
 * either the old images or the new ones.
 * @param extra small files beside it, by name
 */
export async function exportLayoutDirectory(
  images: readonly ExportImage[],
  blobs: BlobStore,
  path: string,
  signal: AbortSignal,
  extra: Readonly<Record<string, Uint8Array>> = {},
): Promise<void> {
  await onOutput(path, () => mkdir(blobDirectory(path), { recursive: true }));
  const before = await readEntries(path);
  const roots = images.map((image) => image.manifest);
  for (const blob of await reachableBlobs(roots, blobs)) {
    const target = blobPath(path, blob.digest);
    if (await isIntact(target, blob)) continue;
    await writeStream({ kind: 'file', path: target }, piecesOfBlob(blob, blobs), signal);
  }
  const added = layoutEntries(images).map(tagged);
  const kept = before.filter((old) => !added.some((entry) => isSameName(old, entry)));
  await onOutput(path, async () => {
    for (const [name, bytes] of Object.entries(extra)) await replaceFile(join(path, name), bytes);
    await replaceFile(join(path, 'oci-layout'), layoutFile);
    await replaceFile(join(path, 'index.json'), encodeLayoutIndex([...kept, ...added]));
  });
}

async function readEntries(path: string): Promise<readonly Descriptor[]> {
  const file = join(path, 'index.json');
  try {
    return parseIndex(await readFile(file)).manifests;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw new HostError(
      'output-unusable',
      `cannot add to the OCI layout "${path}": its index.json is not valid`,
      {
        hint: 'name a directory that is empty or does not exist',
        cause: error,
      },
    );
  }
}

/** As with buildx, what has no name is the `latest` of its directory: many tools ask for that. */
function tagged(entry: Descriptor): Descriptor {
  const annotations = { [nameAnnotations.ref]: 'latest', ...entry.annotations };
  return { ...entry, annotations };
}

function isSameName(a: Descriptor, b: Descriptor): boolean {
  return Object.values(nameAnnotations).every((key) => a.annotations?.[key] === b.annotations?.[key]);
}

/** Whether a blob that lies there already is what its name says. */
async function isIntact(path: string, { digest, size }: BlobInfo): Promise<boolean> {
  try {
    if ((await stat(path)).size !== size) return false;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: readAheadBytes })) hash.update(chunk);
    return digestFromHex(hash.digest('hex')) === digest;
  } catch {
    return false;
  }
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const aside = openAsideFile(path);
  try {
    await writeFile(aside.path, bytes);
    await rename(aside.path, path);
  } catch (error) {
    await rm(aside.path, { force: true });
    throw error;
  } finally {
    aside.release();
  }
}

async function onOutput(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw outputError(error, path);
  }
}
