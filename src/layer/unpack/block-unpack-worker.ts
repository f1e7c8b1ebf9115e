/** A thread that writes the files of layers that are being packed; their tars arrive in blocks of shared memory. */
import { parentPort } from 'node:worker_threads';
import type { BlockUnpackReply, BlockUnpackRequest } from './block-unpack-thread.ts';
import { type TarUnpacker, tarUnpacker } from './tar-unpacker.ts';
import { encodeThreadError } from './thread-error.ts';

/** By upper directory; one that failed is there until it is closed, and writes no more. */
const unpackers = new Map<string, TarUnpacker | 'failed'>();

function answer(request: BlockUnpackRequest): void {
  const { upper } = request;
  const unpacker = unpackers.get(upper) ?? tarUnpacker(upper);
  unpackers.set(upper, unpacker);
  if (request.kind === 'close') unpackers.delete(upper);
  if (unpacker === 'failed') return;
  try {
    if (request.kind === 'block') unpacker.push(request.bytes, request.nanoseconds);
    else if (request.kind === 'finish') unpacker.finish();
    else unpacker.close();
  } catch (error) {
    unpackers.set(upper, 'failed');
    unpacker.close();
    throw error;
  }
}

parentPort?.on('message', (request: BlockUnpackRequest) => {
  let reply: BlockUnpackReply = {};
  try {
    answer(request);
  } catch (error) {
    reply = { error: encodeThreadError(error) };
  }
  parentPort?.postMessage(reply);
});
