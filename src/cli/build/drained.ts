import type { Writable } from 'node:stream';

const waiting = new WeakMap<Writable, Promise<void>>();

/** Done when a stream has passed on what it holds; undefined while it holds less than it may. */
export function drained(stream: Writable): Promise<void> | undefined {
  if (!stream.writableNeedDrain) return undefined;
  let promise = waiting.get(stream);
  if (promise === undefined) {
    promise = new Promise<void>((resolve) => {
      const done = () => {
        waiting.delete(stream);
        stream.off('drain', done).off('close', done).off('error', done);
        resolve();
      };
      stream.on('drain', done).on('close', done).on('error', done);
    });
    waiting.set(stream, promise);
  }
  return promise;
}
