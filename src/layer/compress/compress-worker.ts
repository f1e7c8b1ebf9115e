/** A thread of the compress pool: takes blocks in shared memory, says how long they came out. */
import { parentPort } from 'node:worker_threads';
import type { Compression } from '../compression.ts';
import { type BlockCompressor, openBlockCompressor, usualDeflate } from './block-compressor.ts';
import type { CompressReply, CompressRequest } from './compress-pool.ts';
import { type KnownMembers, reusingCompressor } from './known-members.ts';

const compressors = new Map<string, BlockCompressor>();

parentPort?.on('message', ({ id, input, output, compression, known }: CompressRequest) => {
  const key = `${compression.algorithm} ${compression.level} ${known?.table}`;
  const compressor = compressors.get(key) ?? openCompressor(compression, known);
  compressors.set(key, compressor);
  const reply: CompressReply = { id, length: compressor.compress(input, output) };
  parentPort?.postMessage(reply);
});

function openCompressor(compression: Compression, known: KnownMembers | undefined): BlockCompressor {
  const compressor = openBlockCompressor(compression);
  if (known === undefined || compression.algorithm !== 'gzip') return compressor;
  const { crc32, gunzip } = usualDeflate();
  if (crc32 === undefined || gunzip === undefined) return compressor;
  return reusingCompressor(compressor, { crc32, gunzip }, known);
}
