/**
 * The `index.json` of an image layout, which holds the names and, being plain OCI, nothing to check it by. A sealed
 * copy lies beside it: from that a damaged one is restored. Other tools may write the file too; what they wrote
 * stands as long as it is an index.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { type ImageIndex, mediaTypes } from '../oci/descriptor.ts';
import { encodeJSON } from '../oci/json.ts';
import { parseIndex } from '../oci/manifest.ts';
import { asideOf, writeFileAtomic } from '../sys/atomic-file.ts';
import { type FileLock, lockFile, tryLockFile } from '../sys/file-lock.ts';
import { type OnDamagedFile, readSealedFile, writeSealedFile } from '../sys/sealed-file.ts';
import { indexPath } from './layout.ts';

/** Fewer bytes than differ between two digests: nobody edits so little. */
const fewBytes = 8;

/**
 * The index of a layout; an empty one where there is none.
 * @throws IntegrityError `bad-index` when it is damaged, and so is its copy
 */
export function readIndexFile(layout: string, onDamage?: OnDamagedFile): ImageIndex {
  const bytes = readIfThere(indexPath(layout));
  if (bytes === undefined) return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
  const copy = readSealedFile(copyPath(layout));
  if (copy === undefined || !isDamaged(bytes, Buffer.from(copy))) return parseIndex(bytes);
  restore(layout, bytes, copy);
  onDamage?.(indexPath(layout));
  return parseIndex(Buffer.from(copy));
}

/** Replaces the index; to be called with the lock. */
export async function writeIndexFile(layout: string, index: ImageIndex): Promise<void> {
  const bytes = encodeJSON(index);
  await writeFileAtomic(indexPath(layout), bytes);
  // Should we be killed in between, an older copy differs in more than a few bytes, and counts for nothing.
  await writeSealedFile(copyPath(layout), Buffer.from(bytes).toString());
}

/** Waits until nobody else changes the index. What is written beside it then was left by somebody who was killed. */
export async function lockIndex(layout: string): Promise<FileLock> {
  const lock = await lockFile(lockPath(layout), 'exclusive');
  try {
    for (const name of readdirSync(layout)) if (isAside(name)) rmSync(join(layout, name), { force: true });
  } catch (error) {
    lock.release();
    throw error;
  }
  return lock;
}

function isAside(name: string): boolean {
  return /^index(\.sealed)?\.json\.[0-9a-f]{12}\.tmp$/.test(name);
}

function isDamaged(bytes: Uint8Array, copy: Uint8Array): boolean {
  if (bytes.length === copy.length) {
    const differing = bytes.filter((byte, at) => byte !== copy[at]).length;
    if (differing < fewBytes) return differing > 0;
  }
  try {
    parseIndex(bytes);
    return false;
  } catch {
    return true;
  }
}

/** Whoever changes the index just now writes a good one anyway. */
function restore(layout: string, damaged: Uint8Array, copy: string): void {
  const lock = tryLockFile(lockPath(layout), 'exclusive');
  if (lock === undefined) return;
  try {
    const path = indexPath(layout);
    if (readIfThere(path)?.equals(damaged) !== true) return;
    const aside = asideOf(path);
    writeFileSync(aside, copy);
    renameSync(aside, path);
  } finally {
    lock.release();
  }
}

function copyPath(layout: string): string {
  return join(layout, 'index.sealed.json');
}

function lockPath(layout: string): string {
  return join(layout, 'index.lock');
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
