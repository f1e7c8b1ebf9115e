/**
 * What the files of a COPY or a bind mount were, a line each, kept by the digest that stands for them in a
 * key: with two such lists a miss can name the file that changed. Nothing but explanations reads them, so
 * they are not flushed and may be missing, and digests of content are cut to what tells two files apart.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { type Digest, digestHex } from '../core/digest.ts';

export interface FileLists {
  /** Keeps the lines that a selection was digested from. */
  save(selection: Digest, lines: readonly string[]): Promise<void>;
  /** The lines of a selection, its digests cut; undefined when they are not known. */
  read(selection: Digest): readonly string[] | undefined;
  has(selection: Digest): boolean;
  /** A list as it lies in the store, for taking it elsewhere. */
  bytes(selection: Digest): Uint8Array | undefined;
  /** Takes a list from elsewhere. */
  put(selection: Digest, bytes: Uint8Array): Promise<void>;
}

/** 64 bits: enough to see a change, not to prove that there is none, which the selection's own digest does. */
const longDigest = /\b([0-9a-f]{16})[0-9a-f]{48}\b/g;

/** Bytes. Lists come from elsewhere too; that of a million files is half as long. */
export const longestList = 256 << 20;

/** Opens the lists beneath `root`, `file-lists/HEX.gz`. */
export function openFileLists(root: string): FileLists {
  const directory = join(root, 'file-lists');
  const pathOf = (selection: Digest) => join(directory, `${digestHex(selection)}.gz`);
  const put: FileLists['put'] = async (selection, bytes) => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = pathOf(selection);
    const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    await writeFile(aside, bytes);
    await rename(aside, path);
  };
  const bytes: FileLists['bytes'] = (selection) => {
    try {
      return readFileSync(pathOf(selection));
    } catch {
      return undefined;
    }
  };
  return {
    put,
    bytes,
    has: (selection) => existsSync(pathOf(selection)),
    async save(selection, lines) {
      if (existsSync(pathOf(selection))) return;
      const text = lines.join('\n').replace(longDigest, '$1');
      await put(selection, await promisify(gzip)(Buffer.from(text, 'latin1'), { level: 1 }));
    },
    read(selection) {
      const packed = bytes(selection);
      if (packed === undefined) return undefined;
      try {
        return gunzipSync(packed, { maxOutputLength: longestList }).toString('latin1').split('\n');
      } catch {
        return undefined;
      }
    },
  };
}
