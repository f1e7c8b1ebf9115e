/** A thread that unpacks one layer, whose blob arrives in messages. */
import { on } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { encodeThreadError } from '../../sys/thread/thread-error.ts';
import { inflateLayer } from '../inflate/inflate.ts';
import { unpackLayer } from './unpack-layer.ts';
import type { UnpackJob, UnpackMessage, UnpackReply } from './unpack-thread.ts';

async function* blobFrom(port: MessagePort): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const [message] of on(port, 'message')) {
    const chunk = message as UnpackMessage;
    if (chunk === 'end') return;
    yield chunk;
    reply(port, { kind: 'taken' });
  }
}

function reply(port: MessagePort, message: UnpackReply): void {
  port.postMessage(message);
}

async function run(port: MessagePort): Promise<void> {
  const { upper, diffID, places } = workerData as UnpackJob;
  try {
    await unpackLayer(inflateLayer(blobFrom(port)), upper, diffID, places);
    reply(port, { kind: 'done' });
  } catch (error) {
    reply(port, { kind: 'failed', error: encodeThreadError(error) });
  }
}

if (parentPort !== null) void run(parentPort);
