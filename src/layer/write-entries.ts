import { setImmediate } from 'node:timers/promises';
import type { BytePath } from '../core/byte-path.ts';
import { fileChanged, openContent } from './content-reader.ts';
import type { ContentReader, LayerEntry, LayerMember } from './layer-entry.ts';
import { type NewFile, UpperWriter } from './upper/upper-writer.ts';
import { writeFailure } from './upper/write-failure.ts';

/**
 * Writes entries into an upper directory and passes them on, so that one reading of a file serves both the
 * upper and a layer: whoever takes an entry and reads its content thereby writes the file. What nobody
 * reads is written when the next entry is asked for. The upper is complete when the last entry was taken.
 *
 * @throws StepError `file-changed`; HostError `disk-full`, `cannot-write-file`
 */
export function* writeEntries(
  entries: Iterable<LayerEntry>,
  upper: string,
): Generator<LayerEntry, void, undefined> {
  const writer = new UpperWriter(upper);
  const attempt = attemptsBeneath(upper);
  for (const entry of entries) {
    if (entry.type === 'file') {
      yield* writeFile(writer, entry, attempt);
    } else {
      attempt(entry.path, () => {
        if (entry.type === 'delete') writer.delete(entry.path);
        else writer.create(entry);
      });
      yield entry;
    }
  }
  attempt('', () => writer.finish());
}

/** Others get their turn at least this often. */
const turnMs = 20;

/** Writes entries that nobody else takes, giving way to the event loop now and then. */
export async function writeEntriesInTurns(
  entries: Iterable<LayerEntry>,
  upper: string,
  signal: AbortSignal,
): Promise<void> {
  let since = performance.now();
  for (const _ of writeEntries(entries, upper)) {
    if (performance.now() - since < turnMs) continue;
    await setImmediate();
    signal.throwIfAborted();
    since = performance.now();
  }
}

/** Does what writes a member; a failure says which. */
type Attempt = <T>(path: BytePath, work: () => T) => T;

function attemptsBeneath(upper: string): Attempt {
  return (path, work) => {
    try {
      return work();
    } catch (error) {
      throw writeFailure(upper, path, error);
    }
  };
}

function* writeFile(
  writer: UpperWriter,
  entry: LayerMember,
  attempt: Attempt,
): Generator<LayerEntry, void, undefined> {
  const file = attempt(entry.path, () => writer.createFile(entry));
  let isWritten = false;
  try {
    let isRead = false;
    const open = () => {
      isRead = true;
      return tee(openContent(entry.content), entry, file, attempt);
    };
    yield { ...entry, content: { kind: 'reader', open } };
    if (!isRead) attempt(entry.path, () => copyContent(entry, file, attempt));
    isWritten = true;
  } finally {
    if (!isWritten) file.abandon();
  }
  attempt(entry.path, () => file.finish());
}

/** Reads as before, and writes every piece that was read. */
function tee(reader: ContentReader, { path }: LayerMember, file: NewFile, attempt: Attempt): ContentReader {
  let position = 0;
  return {
    read(buffer, offset, length) {
      const got = reader.read(buffer, offset, length);
      attempt(path, () => file.write(buffer.subarray(offset, offset + got), position));
      position += got;
      return got;
    },
    close: () => reader.close(),
  };
}

const pieceBytes = 1 << 20;
const piece = Buffer.allocUnsafeSlow(pieceBytes);

function copyContent(entry: LayerMember, file: NewFile, attempt: Attempt): void {
  const reader = tee(openContent(entry.content), entry, file, attempt);
  try {
    let size = 0;
    let got: number;
    do {
      got = reader.read(piece, 0, pieceBytes);
      size += got;
    } while (got > 0);
    if (size !== entry.size) throw fileChanged(entry.path, size < entry.size ? 'shrank' : 'grew');
  } finally {
    reader.close();
  }
}
