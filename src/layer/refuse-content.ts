/** Content that no layer may hold, looked for while the layer's bytes pass by anyway. */
import { setImmediate } from 'node:timers/promises';
import type { BytePath } from '../core/byte-path.ts';
import { CanceledError } from '../core/errors.ts';
import { openContent } from './content-reader.ts';
import type { ContentReader, LayerEntry } from './layer-entry.ts';

export interface RefusedContent {
  readonly bytes: Buffer;
  /** The error that says that a layer holds it. */
  refusal(path: BytePath): Error;
}

/**
 * Passes entries on as they are. Where the name, link target, an attribute or the content of one holds what
 * is refused, taking the entry or reading its content throws. Content that nobody reads is not looked at.
 */
export function* refuseContent(
  entries: Iterable<LayerEntry>,
  refused: readonly RefusedContent[],
): Generator<LayerEntry, void, undefined> {
  for (const entry of entries) {
    if (entry.type === 'delete') {
      yield entry;
      continue;
    }
    const { path, link, xattrs, content } = entry;
    for (const text of [path, link]) look(Buffer.from(text, 'latin1'), path, refused);
    for (const { value } of xattrs) look(value, path, refused);
    if (entry.type !== 'file' || entry.size === 0 || content === undefined) yield entry;
    else {
      const open = () => watched(openContent(content), path, refused);
      yield { ...entry, content: { kind: 'reader', open } };
    }
  }
}

const readBytes = 1 << 20;
const turnMs = 20;

/**
 * Reads all content of entries that go nowhere, for what `refuseContent` then throws.
 * @throws CanceledError
 */
export async function readThrough(entries: Iterable<LayerEntry>, signal: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  let since = performance.now();
  for (const entry of entries) {
    if (entry.type !== 'file' || entry.size === 0) continue;
    const reader = openContent(entry.content);
    try {
      while (reader.read(buffer, 0, buffer.length) > 0) {
        if (performance.now() - since < turnMs) continue;
        await setImmediate();
        if (signal.aborted) throw new CanceledError();
        since = performance.now();
      }
    } finally {
      reader.close();
    }
  }
}

/** Keeps as much of what was read before as a find can reach back. */
function watched(reader: ContentReader, path: BytePath, refused: readonly RefusedContent[]): ContentReader {
  const reach = Math.max(...refused.map(({ bytes }) => bytes.length)) - 1;
  let before = Buffer.alloc(0);
  return {
    read(buffer, offset, length) {
      const got = reader.read(buffer, offset, length);
      const piece = buffer.subarray(offset, offset + got);
      if (before.length > 0) look(Buffer.concat([before, piece.subarray(0, reach)]), path, refused);
      look(piece, path, refused);
      before = Buffer.concat([before, piece.subarray(-reach)]).subarray(-reach);
      return got;
    },
    close: () => reader.close(),
  };
}

function look(bytes: Uint8Array, path: BytePath, refused: readonly RefusedContent[]): void {
  const where = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const each of refused) if (where.includes(each.bytes)) throw each.refusal(path);
}
