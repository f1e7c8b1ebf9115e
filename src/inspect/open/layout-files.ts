import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { IntegrityError, systemCode } from '../../core/errors.ts';
import { readWhole } from '../../core/read-whole.ts';
import { documentLimit } from '../../oci/json.ts';
import { indexArchive } from './archive-index.ts';
import { openByteSource } from './byte-source.ts';

/** The files of an image layout or archive, by their names in it. */
export interface LayoutFiles {
  /** As the person named it, for messages. */
  readonly place: string;
  /** Bytes of a file, undefined when there is none of that name. */
  size(name: string): Promise<number | undefined>;
  /** @throws IntegrityError `blob-missing` */
  open(name: string): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const chunkBytes = 1 << 20;

/** Reads a small file whole; undefined when there is none of that name. @throws IntegrityError `bad-archive` */
export async function readDocument(files: LayoutFiles, name: string): Promise<Buffer | undefined> {
  const size = await files.size(name);
  if (size === undefined) return undefined;
  return readWhole(
    files.open(name),
    documentLimit,
    () => new IntegrityError('bad-archive', `${files.place}: ${name} has ${size} bytes`),
  );
}

/**
 * The files of an archive, read at their places in it.
 * @throws IntegrityError when it is no tar archive, or a damaged one
 */
export async function openArchiveFiles(path: string): Promise<LayoutFiles> {
  const source = await openByteSource(path);
  try {
    const find = await indexArchive(source);
    return {
      place: path,
      size: async (name) => find(name)?.size,
      async *open(name) {
        const extent = find(name);
        if (extent === undefined) throw missing(path, name);
        yield* source.stream(extent.offset, extent.size);
      },
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    if (!(error instanceof IntegrityError)) throw error;
    throw new IntegrityError(error.code, `${path}: ${error.message}`, { hint: error.hint });
  }
}

/** The files of a directory. No link leads out of it, and what is not a regular file is not there. */
export async function openDirectoryFiles(path: string): Promise<LayoutFiles> {
  const root = await realpath(path);
  const openFile = async (name: string): Promise<FileHandle | undefined> => {
    try {
      const real = await realpath(join(root, name));
      if (!real.startsWith(root === sep ? root : root + sep)) return undefined;
      // A pipe would keep us waiting for its other end.
      const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      if ((await file.stat()).isFile()) return file;
      await file.close();
      return undefined;
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(systemCode(error) ?? '')) return undefined;
      throw error;
    }
  };
  return {
    place: path,
    async size(name) {
      const file = await openFile(name);
      if (file === undefined) return undefined;
      try {
        return (await file.stat()).size;
      } finally {
        await file.close();
      }
    },
    async *open(name) {
      const file = await openFile(name);
      if (file === undefined) throw missing(path, name);
      try {
        for (;;) {
          const buffer = Buffer.allocUnsafeSlow(chunkBytes);
          const { bytesRead } = await file.read(buffer, 0, chunkBytes, null);
          if (bytesRead === 0) return;
          yield buffer.subarray(0, bytesRead);
        }
      } finally {
        await file.close();
      }
    },
    async close() {},
  };
}

function missing(place: string, name: string): IntegrityError {
  return new IntegrityError('blob-missing', `${place} has no ${name}`, {
    hint: 'it is incomplete: copy or make it again',
  });
}
