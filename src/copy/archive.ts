/**
 * An archive as ADD unpacks it: its members in order, and where in a plain tar file the content of each
 * lies. A compressed archive is decompressed once, into a file; content is read when a layer is written.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { compressionOf, decompress, type FileCompression } from '../context/archive/decompress.ts';
import type { BytePath } from '../core/byte-path.ts';
import { CanceledError, diskFull, StrataError, systemCode } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import type { LayerContent } from '../layer/layer-entry.ts';
import type { TarEntry } from '../tar/entry.ts';
import { createTarParser, type TarParser } from '../tar/parser.ts';
import { type Extent, extentReader } from './extent-reader.ts';

export interface ArchiveMember {
  readonly entry: TarEntry;
  /** Of a regular file that is not empty. */
  readonly content?: LayerContent;
}

const pieceBytes = 1 << 20;

/**
 * Reads the members of an archive.
 * @param spool where the decompressed archive may be written; it must stay until the members' content was
 *   read, and is removed by its owner
 * @returns undefined if the file is no archive: not even its first header can be read
 * @throws IntegrityError for an archive that is damaged further on; HostError `program-missing`, `disk-full`
 */
export async function readArchive(
  tree: FileTree,
  path: BytePath,
  spool: string,
  signal?: AbortSignal,
): Promise<readonly ArchiveMember[] | undefined> {
  const descriptor = tree.open(path);
  try {
    const head = Buffer.alloc(512);
    const length = readSync(descriptor, head, 0, head.length, 0);
    const compression = compressionOf(head.subarray(0, length));
    const index = openIndex(() => (compression === undefined ? tree.open(path) : openSync(spool, 'r')));
    try {
      if (compression === undefined) await readPlain(descriptor, index, signal);
      else await readCompressed(descriptor, compression, spool, index, signal);
      index.end();
    } catch (error) {
      if (index.isBegun() || !isContentProblem(error)) throw error;
    }
    if (index.isBegun()) return index.members;
    rmSync(spool, { force: true });
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

function isContentProblem(error: unknown): boolean {
  return error instanceof StrataError && (error.code.startsWith('tar-') || error.code === 'bad-compression');
}

interface Index {
  readonly members: readonly ArchiveMember[];
  /** Whether a first header was there. */
  isBegun(): boolean;
  /** Takes the next bytes of the plain archive. */
  push(bytes: Uint8Array): void;
  end(): void;
}

/** @param open opens the plain archive */
function openIndex(open: () => number): Index {
  const members: ArchiveMember[] = [];
  let start = 0;
  let piece: Uint8Array = new Uint8Array();
  let entry: TarEntry | undefined;
  let extents: Extent[] = [];
  const parser: TarParser = createTarParser({
    entry(begun) {
      entry = begun;
      extents = [];
    },
    data(bytes, at) {
      const from = start + bytes.byteOffset - piece.byteOffset;
      const last = extents.at(-1);
      const isNext = last !== undefined && last.at + last.length === at && last.from + last.length === from;
      if (isNext) last.length += bytes.length;
      else extents.push({ at, from, length: bytes.length });
    },
    entryEnd() {
      if (entry === undefined) return;
      const { size } = entry;
      const of = extents;
      const content: LayerContent = { kind: 'reader', open: () => extentReader(open(), size, of) };
      members.push(size > 0 ? { entry, content } : { entry });
    },
  });
  return {
    members,
    isBegun: () => entry !== undefined,
    push(bytes) {
      piece = bytes;
      parser.push(bytes);
      start += bytes.length;
    },
    end: () => parser.end(),
  };
}

async function readPlain(descriptor: number, index: Index, signal: AbortSignal | undefined): Promise<void> {
  const buffer = Buffer.allocUnsafe(pieceBytes);
  for (let at = 0; ; ) {
    const length = readSync(descriptor, buffer, 0, pieceBytes, at);
    if (length === 0) return;
    index.push(buffer.subarray(0, length));
    at += length;
    await setImmediate();
    if (signal?.aborted) throw new CanceledError();
  }
}

async function readCompressed(
  descriptor: number,
  compression: FileCompression,
  spool: string,
  index: Index,
  signal: AbortSignal | undefined,
): Promise<void> {
  const out = openSync(spool, 'wx', 0o600);
  try {
    const take = (piece: Uint8Array): void => {
      // Before it is written: most files that are no archive show it in their first piece.
      index.push(piece);
      writeWhole(out, piece, spool);
    };
    await decompress(descriptor, compression, take, signal);
  } finally {
    closeSync(out);
  }
}

function writeWhole(descriptor: number, bytes: Uint8Array, path: string): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
  } catch (error) {
    if (systemCode(error) === 'ENOSPC' || systemCode(error) === 'EDQUOT')
      throw diskFull(`write ${path}`, error);
    throw error;
  }
}
