import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { type Deflate, loadDeflate } from '../../sys/compression/deflate.ts';
import { loadZstd, type Zstd } from '../../sys/compression/zstd.ts';
import { type Compression, zstdMissing } from '../compression.ts';
import { compressedSampleBytes, sampleOf } from './sample.ts';

/** Layers are compressed in blocks of this size, each on whichever thread is free. */
export const blockBytes = 1 << 20;

/** Room for a block that grew by being compressed. */
export const compressedBlockBytes = blockBytes + (1 << 16);

/**
 * Compresses blocks, each to a gzip member or zstd frame of its own: one after the other they are a valid
 * stream (RFC 1952, 2.2; RFC 8878, 3.1), and its bytes depend on nothing but the blocks.
 */
export interface BlockCompressor {
  /** Implementation and level: bytes are the same where this is. */
  readonly writer: string;
  /** Says how many bytes of `output`, which has `compressedBlockBytes`, it filled. */
  compress(input: Uint8Array, output: Uint8Array): number;
}

let deflate: { readonly library: Deflate | undefined } | undefined;

/** @throws HostError `zstd-missing` */
export function openBlockCompressor({ algorithm, level }: Compression): BlockCompressor {
  switch (algorithm) {
    case 'gzip': {
      const library = usualDeflate();
      return gzipCompressor(level ?? library.usualLevel, library);
    }
    case 'zstd':
      return zstdCompressor(level ?? 3);
    case 'uncompressed':
      return { writer: 'none', compress: copy };
  }
}

/** What compresses gzip layers on this machine. */
export function usualDeflate(): Deflate {
  deflate ??= { library: loadDeflate() };
  return deflate.library ?? nodeDeflate;
}

/** gzip by the given implementation. */
export function gzipCompressor(level: number, library: Deflate): BlockCompressor {
  return {
    writer: `${library.name} level ${level}`,
    compress: (input, output) => library.gzip(input, output, isIncompressible(input, library) ? 0 : level),
  };
}

const sampleOutput = new Uint8Array(compressedSampleBytes);

/**
 * Whether compressing is wasted time: a sample does not shrink by 3 % at the lowest level. Archives, pictures and
 * encrypted files are then stored as they are.
 */
function isIncompressible(block: Uint8Array, library: Deflate): boolean {
  const sample = sampleOf(block);
  return sample !== undefined && library.gzip(sample, sampleOutput, 1) > sample.length * 0.97;
}

/** Node's own zlib, where the system has no libdeflate: half as fast. */
export const nodeDeflate: Deflate = {
  name: `node zlib ${process.versions.zlib}`,
  usualLevel: 6,
  gzip(input, output, level) {
    const member = gzipSync(input, { level });
    // The header says how hard it tried, and on which system: the latter is no business of the layer.
    member[8] = level === 9 ? 2 : level <= 1 ? 4 : 0;
    member[9] = 255;
    output.set(member);
    return member.length;
  },
};

type ZstdCompress = (input: Uint8Array, options: { params: Record<number, number> }) => Uint8Array;
const compressionLevelParameter = 100;

function zstdCompressor(level: number): BlockCompressor {
  // Node 22.15 brought it; the types are those of Node 20.
  const zlib: { zstdCompressSync?: ZstdCompress } = createRequire(import.meta.url)('node:zlib');
  const { zstdCompressSync } = zlib;
  if (zstdCompressSync === undefined) return libraryCompressor(level, loadZstd());
  return {
    writer: `node zstd ${process.versions.zstd} level ${level}`,
    compress(input, output) {
      const frame = zstdCompressSync(input, { params: { [compressionLevelParameter]: level } });
      output.set(frame);
      return frame.length;
    },
  };
}

/** zstd by the given library. */
export function libraryCompressor(level: number, library: Zstd | undefined): BlockCompressor {
  if (library === undefined) throw zstdMissing();
  return {
    writer: `${library.name} level ${level}`,
    compress: (input, output) => library.compress(input, output, level),
  };
}

function copy(input: Uint8Array, output: Uint8Array): number {
  output.set(input);
  return input.length;
}
