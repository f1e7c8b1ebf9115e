import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract as tarExtract } from 'tar-stream';
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { type BlobDigest, digestFromHex } from '../../core/digest.ts';
import { CanceledError, IntegrityError, StrataError, systemCode } from '../../core/errors.ts';
import { readWhole } from '../../core/read-whole.ts';
import { inflateLayer } from '../../layer/inflate/inflate.ts';
import { documentLimit } from '../../oci/json.ts';
import type { ImageFiles } from './image-files.ts';

const documents = ['index.json', 'manifest.json'];

/**
 * Reads an image archive from start to end, plain or compressed with gzip or zstd, and puts its blobs into
 * the store as they pass. Names in the archive are looked up and never used as paths.
 *
 * @throws IntegrityError `bad-archive`; `digest-mismatch` for a blob that is not what its name says;
 * CanceledError
 */
export async function readImageArchive(
  archive: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
  signal: AbortSignal,
): Promise<ImageFiles> {
  const small = new Map<string, Uint8Array>();
  const stored = new Map<string, BlobInfo>();
  const links = new Map<string, string>();
  const extract = tarExtract();
  // A stream of its own kind, which Node's pipeline takes and its types do not know.
  const feeding = pipeline(inflateLayer(archive), extract as unknown as NodeJS.WritableStream, { signal });
  // What goes wrong there ends the loop below, which tells it.
  feeding.catch(() => {});
  try {
    for await (const entry of extract) {
      const { type, linkname } = entry.header;
      const name = posix.normalize(entry.header.name);
      const content = entry as AsyncIterable<Uint8Array>;
      if (type === 'symlink') links.set(name, posix.join(posix.dirname(name), linkname));
      else if (type === 'link') links.set(name, posix.normalize(linkname));
      else if (type === 'file' && documents.includes(name)) {
        const tooLong = () => new IntegrityError('bad-archive', `the archive's ${name} is too large`);
        small.set(name, await readWhole(content, documentLimit, tooLong));
      } else if (type === 'file' && holdsBlob(name)) {
        const info = knownBlob(name, entry.header.size, blobs) ?? (await storeBlob(name, content, blobs));
        stored.set(name, info);
      }
      entry.resume();
    }
    await feeding;
  } catch (error) {
    if (signal.aborted) throw new CanceledError();
    throw archiveError(error);
  }
  return {
    document: (name) => small.get(name),
    blob: async (name) => stored.get(name) ?? stored.get(links.get(name) ?? ''),
  };
}

/** Blobs of a layout, and the configs and layers of archives that Docker wrote before it knew layouts. */
function holdsBlob(name: string): boolean {
  return name.startsWith('blobs/sha256/') || /\.(tar|json)$/.test(name);
}

/** What the store has need not be written again. */
function knownBlob(name: string, size: number, blobs: BlobStore): BlobInfo | undefined {
  const digest = digestOf(name);
  return digest !== undefined && blobs.size(digest) === size ? { digest, size } : undefined;
}

/** The digest that the name of a file claims. */
function digestOf(name: string): BlobDigest | undefined {
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
  return hex === undefined ? undefined : digestFromHex(hex);
}

async function storeBlob(
  name: string,
  content: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
): Promise<BlobInfo> {
  const digest = digestOf(name);
  const writer = await blobs.create();
  try {
    for await (const chunk of content) await writer.write(chunk);
    return await writer.commit(digest === undefined ? {} : { digest });
  } finally {
    await writer.abort();
  }
}

function archiveError(error: unknown): unknown {
  if (error instanceof StrataError || !(error instanceof Error)) return error;
  if (systemCode(error) !== undefined && 'syscall' in error) return error;
  return new IntegrityError('bad-archive', `the archive cannot be read: ${error.message}`, {
    hint: 'want a tar of an OCI image layout or of `docker save`, plain or compressed with gzip or zstd',
    cause: error,
  });
}
