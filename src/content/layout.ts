/** An OCI image layout (image-spec, image-layout.md): which file lies where. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BlobDigest, type Digest, digestFromHex, isDigest } from '../core/digest.ts';
import { HostError, systemCode } from '../core/errors.ts';
import { layoutBlobPath } from '../oci/layout.ts';

const version = '1.0.0';

/** Where an OCI image layout keeps its blobs (image-layout.md, "Blobs"). */
export function blobDirectory(layout: string): string {
  return join(layout, 'blobs', 'sha256');
}

/** The file of a blob, there or not. */
export function blobPath(layout: string, digest: Digest): string {
  return join(layout, layoutBlobPath(digest));
}

/** The digest a file of `blobDirectory` is named by; undefined for any other file. */
export function digestOfBlobFile(name: string): BlobDigest | undefined {
  const digest = digestFromHex<BlobDigest>(name);
  return isDigest(digest) ? digest : undefined;
}

/** The file of an OCI image layout that names its images. */
export function indexPath(layout: string): string {
  return join(layout, 'index.json');
}

/**
 * Makes the directory an image layout if it is none yet.
 * @throws HostError `foreign-layout` when it is one of a version strata does not know
 */
export function ensureLayout(layout: string): void {
  mkdirSync(blobDirectory(layout), { recursive: true });
  const marker = join(layout, 'oci-layout');
  const found = readMarker(marker);
  if (found === version) return;
  if (found !== undefined) {
    throw new HostError(
      'foreign-layout',
      `${layout} is an OCI image layout of version "${found}", not ${version}`,
    );
  }
  const aside = `${marker}.${randomBytes(6).toString('hex')}.tmp`;
  writeFileSync(aside, JSON.stringify({ imageLayoutVersion: version }));
  renameSync(aside, marker);
}

/** What the marker says; undefined when it is missing or was cut short. */
function readMarker(path: string): string | undefined {
  try {
    const marker: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof marker !== 'object' || marker === null || !('imageLayoutVersion' in marker)) return undefined;
    return String(marker.imageLayoutVersion);
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
