import type { Writable } from 'node:stream';

const batchLength = 1 << 16;

/** Writes a text that comes in pieces, no faster than it is taken: however long it is, little of it is in memory. */
export async function writePieces(stream: Writable, pieces: Iterable<string>): Promise<void> {
  let batch = '';
  for (const piece of pieces) {
    batch += piece;
    if (batch.length < batchLength) continue;
    if (!stream.write(batch)) await roomIn(stream);
    // Whoever reads may stop reading: there is nobody to write for.
    if (stream.destroyed) return;
    batch = '';
  }
  stream.write(batch);
}

/** Each with a line end. */
export function* asLines(lines: Iterable<string>): Generator<string, void, undefined> {
  for (const line of lines) yield `${line}\n`;
}

function roomIn(stream: Writable): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error'];
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}
