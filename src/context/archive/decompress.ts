/** Compressed files as people hand them over: told by content, never by name. */
import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CanceledError, HostError, IntegrityError } from '../../core/errors.ts';
import { spawnProcess } from '../../sys/process/spawn.ts';

export type FileCompression = 'gzip' | 'bzip2' | 'xz' | 'zstd';

/** How many bytes `compressionOf` wants to see. */
export const magicBytes = 6;

/** From the first bytes of a file (Dockerfile reference, 3.7 "Local archives"); undefined: as it is. */
export function compressionOf(head: Uint8Array): FileCompression | undefined {
  const startsWith = (...bytes: number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  if (startsWith(0x1f, 0x8b, 0x08)) return 'gzip';
  if (startsWith(0x42, 0x5a, 0x68)) return 'bzip2';
  if (startsWith(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  if (startsWith(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  // A zstd frame to be skipped; pzstd begins with one.
  const isSkippable =
    ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  return isSkippable ? 'zstd' : undefined;
}

const pieceBytes = 1 << 18;

/** Programs for what Node cannot read, and the Debian packages that have them. */
const programs = {
  bzip2: { command: 'bzip2', package: 'bzip2' },
  xz: { command: 'xz', package: 'xz-utils' },
  zstd: { command: 'zstd', package: 'zstd' },
} as const;

/**
 * Decompresses a file that is open at its start, piece by piece; the descriptor stays open.
 * @param take gets each piece; what it throws ends the work and is thrown
 * @throws HostError `program-missing`; IntegrityError `bad-compression`; CanceledError
 */
export async function decompress(
  descriptor: number,
  compression: FileCompression,
  take: (piece: Uint8Array) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (compression === 'gzip') return gunzip(descriptor, take, signal);
  const { command, package: debianPackage } = programs[compression];
  const complaints: Uint8Array[] = [];
  const result = await spawnProcess(command, ['-dc'], {
    stdin: descriptor,
    onStdout: take,
    onStderr: (chunk) => {
      if (complaints.length < 4) complaints.push(chunk);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  if (result.kind === 'canceled') throw new CanceledError();
  if (result.kind === 'not-started') {
    throw new HostError(
      'program-missing',
      `"${command}" is needed to unpack this file and could not be started`,
      {
        hint: `install it (on Debian and Ubuntu: apt-get install ${debianPackage}), or pack with gzip`,
        cause: result.error,
      },
    );
  }
  if (result.kind === 'exited' && result.code === 0) return;
  const said = Buffer.concat(complaints).toString().trim();
  throw badCompression(compression, said === '' ? `${command} failed` : said);
}

async function gunzip(
  descriptor: number,
  take: (piece: Uint8Array) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const packed = Readable.from(piecesOf(descriptor), { objectMode: false });
  const pieces = packed.pipe(createGunzip({ chunkSize: pieceBytes }));
  packed.once('error', (error) => pieces.destroy(error));
  let taking: unknown;
  try {
    for await (const piece of pieces) {
      if (signal?.aborted) throw new CanceledError();
      try {
        take(piece);
      } catch (error) {
        taking = error;
        throw error;
      }
    }
  } catch (error) {
    if (error === taking || error instanceof CanceledError) throw error;
    throw badCompression('gzip', error instanceof Error ? error.message : String(error));
  } finally {
    packed.destroy();
  }
}

/** A file stream would close the descriptor, whatever it is told. */
function* piecesOf(descriptor: number): Iterable<Buffer> {
  for (let at = 0; ; ) {
    const piece = Buffer.allocUnsafe(pieceBytes);
    const length = readSync(descriptor, piece, 0, pieceBytes, at);
    if (length === 0) return;
    at += length;
    yield piece.subarray(0, length);
  }
}

function badCompression(compression: FileCompression, why: string): IntegrityError {
  return new IntegrityError('bad-compression', `the ${compression} data is damaged: ${why}`, {
    hint: 'it was not transferred or written whole: fetch or make it again',
  });
}
