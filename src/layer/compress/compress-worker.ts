/** A thread of the compress pool: takes blocks in shared memory, says how long they came out. */
import { parentPort } from 'node:worker_threads';
import { type BlockCompressor, openBlockCompressor } from './block-compressor.ts';
import type { CompressReply, CompressRequest } from './compress-pool.ts';

const compressors = new Map<string, BlockCompressor>();

parentPort?.on('message', ({ id, input, output, compression }: CompressRequest) => {
  const key = `${compression.algorithm} ${compression.level}`;
  const compressor = compressors.get(key) ?? openBlockCompressor(compression);
  compressors.set(key, compressor);
  const reply: CompressReply = { id, length: compressor.compress(input, output) };
  parentPort?.postMessage(reply);
});
