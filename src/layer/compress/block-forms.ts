/**
 * How each block of a layer is compressed. Where nobody asks for a level, it goes by what the layer holds: the quickest
 * level takes two thirds of the time, and costs hardly any size or a tenth of it (docs/PERFORMANCE.md).
 */
import { gzipSync } from 'node:zlib';
import type { Deflate } from '../../sys/compression/deflate.ts';
import type { Compression } from '../compression.ts';
import { openBlockCompressor, usualDeflate } from './block-compressor.ts';
import { compressedSampleBytes, sampleOf } from './sample.ts';

/** Of the blocks of one layer. */
export interface BlockForms {
  /** Implementation and levels: the same layer becomes the same bytes where this is. */
  readonly writer: string;
  /** How to compress the next block. @param isOnly whether it is the whole layer */
  next(block: Uint8Array, isOnly: boolean): Compression;
}

/** @throws HostError `zstd-missing` */
export function blockForms(compression: Compression): BlockForms {
  const { algorithm, level } = compression;
  if (algorithm !== 'gzip' || level !== undefined) return sameForm(compression);
  const library = usualDeflate();
  const { usualLevel, quickLevel } = library;
  if (quickLevel === undefined) return sameForm({ algorithm, level: usualLevel });
  const usual = { algorithm, level: usualLevel };
  const quick = { algorithm, level: quickLevel };
  let form = usual;
  let count = 0;
  return {
    writer: `${library.name} level ${quickLevel} or ${usualLevel} by zlib ${process.versions.zlib}`,
    next(block, isOnly) {
      if (count++ % stretchBlocks === 0)
        form = !isOnly && isQuickEnough(block, library, quickLevel) ? quick : usual;
      return form;
    },
  };
}

function sameForm(compression: Compression): BlockForms {
  return { writer: openBlockCompressor(compression).writer, next: () => compression };
}

/** Layers change what they hold; asking at each block would take longer than it saves. */
const stretchBlocks = 8;
/** How much larger a sample may become than by zlib: with more, layers would exceed what Go makes of them by 5 %. */
const mostGrowth = 1.013;
const output = new Uint8Array(compressedSampleBytes);

/**
 * Whether the quick level does about as well as zlib at the level that other builders use. What does not shrink
 * is no evidence: something else may follow it.
 */
function isQuickEnough(block: Uint8Array, library: Deflate, quickLevel: number): boolean {
  const sample = sampleOf(block);
  if (sample === undefined) return false;
  const size = library.gzip(sample, output, quickLevel);
  return size < sample.length * 0.97 && size <= gzipSync(sample, { level: 6 }).length * mostGrowth;
}
