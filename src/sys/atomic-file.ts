import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { during } from '../core/errors.ts';

/**
 * Puts a file in place whole or not at all, whatever happens meanwhile: written aside in the same
 * directory, flushed, renamed, and the directory flushed. One that exists is replaced.
 * @param mode as of a new file; the process's mask applies
 * @throws HostError `disk-full`; other system errors with the path in their message
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  mode = 0o666,
): Promise<void> {
  const aside = asideOf(path);
  await during(`write ${path}`, async () => {
    try {
      const file = await open(aside, 'wx', mode);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(aside, path);
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
  });
}

/**
 * The same for a file that shows when it is not what was written: it is not flushed. A power cut in the next
 * seconds may leave the old one, none, or one cut short; nothing less leaves anything but a whole one.
 * @throws HostError `disk-full`; other system errors with the path in their message
 */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const aside = asideOf(path);
  await during(`write ${path}`, async () => {
    try {
      writeFileSync(aside, content, { flag: 'wx' });
      renameSync(aside, path);
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    }
  });
}

/** A name beside a file for what is to become it: prune takes such files away when nobody finishes them. */
export function asideOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`;
}

/** Makes the names in a directory (what was created, renamed or removed in it) survive a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
