import type { ProgressEvent } from '../core/event.ts';
import type { Renderer, TextSink } from './renderer.ts';

/**
 * One JSON object per line and event, for programs. Every object has a `type`; times (`at`) are
 * milliseconds since the epoch; fields are only ever added.
 *
 * - `plan`: `steps`, an array of `{id, label}`; a later plan adds to the earlier ones
 * - `step`: `id`, `state` (`started`, `cached`, `done`, `failed`, `canceled`), `at`, `message` when it failed
 * - `output`: `id`, `stream` (`stdout`, `stderr`), `data` (the bytes in base64: a chunk may cut a character), `at`
 * - `transfer`: `id`, `name` (of a layer its digest, of one that is unpacked `extracting` and the digest),
 *   `current` and `total` (bytes; total when known), `at`, `done` on the last one
 * - `warning`: `code`, `severity`, `message`, and as far as known `file`, `line`, `column` (1-based),
 *   `notes`, `help`, `url`
 * - `note`: `text`, `at`
 * - `summary`: `summary` (docs/BUILDS.md), `at`; the last event of a build that was not stopped
 */
export function rawjsonRenderer({ stream }: { readonly stream: TextSink }): Renderer {
  return {
    handle(event: ProgressEvent): void {
      stream.write(`${JSON.stringify(toJSON(event))}\n`);
    },
    close() {},
  };
}

function toJSON(event: ProgressEvent): unknown {
  if (event.type === 'output') {
    const { type, id, stream, chunk, at } = event;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    return { type, id, stream, data: bytes.toString('base64'), at };
  }
  if (event.type === 'warning') {
    const { source, span, ...said } = event.diagnostic;
    const place = source === undefined || span === undefined ? {} : source.position(span.start);
    return { type: 'warning', ...said, file: source?.name, ...place };
  }
  return event;
}
