/** A thread that lists a layer while its blob still arrives in a file. */
import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode } from '../../core/errors.ts';
import { answerQuestions } from '../../sys/thread/thread.ts';
import { listLayer } from './layer-lister.ts';
import { type ArrivingLayer, arrival } from './list-arriving.ts';

answerQuestions((layer: ArrivingLayer) => listLayer(bytesOf(layer), layer.diffID));

const pieceBytes = 1 << 18;
/** Until more may have arrived. */
const restMs = 3;

async function* bytesOf(layer: ArrivingLayer): AsyncGenerator<Uint8Array, void, undefined> {
  const fd = await openFirst(layer);
  try {
    for (;;) {
      // Asked before: what is read afterwards is all there is.
      const isComplete = Atomics.load(layer.state, 0) === arrival.complete;
      const piece = Buffer.allocUnsafeSlow(pieceBytes);
      const length = readSync(fd, piece, 0, pieceBytes, null);
      if (length > 0) yield piece.subarray(0, length);
      else if (isComplete) return;
      else await delay(restMs);
    }
  } finally {
    closeSync(fd);
  }
}

/** The file keeps its bytes when it gets its last name. */
async function openFirst({ paths, state }: ArrivingLayer): Promise<number> {
  for (;;) {
    const isComplete = Atomics.load(state, 0) === arrival.complete;
    for (const path of paths) {
      try {
        return openSync(path, 'r');
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error;
      }
    }
    if (isComplete) throw new Error('nothing arrived');
    await delay(restMs);
  }
}
